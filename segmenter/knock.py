"""Another name of `segmenter.healthcheck`: people's own health checks say `python -m segmenter.knock URL`."""

import sys

from segmenter.healthcheck import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
