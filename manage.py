#!/usr/bin/env python
"""Run a command of the site: ./manage.py help lists them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "segmenter.settings")
    # Numeric libraries read these once, when they load: two threads measured slower than one on small
    # machines, and a fit in a parent process with several would hang its forked children.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from django.core.exceptions import ImproperlyConfigured

    from segmenter.embedded.servers import EmbeddedServersError
    from segmenter.management.tables import Utility

    try:
        Utility(sys.argv).execute()
    except (EmbeddedServersError, ImproperlyConfigured) as error:
        sys.exit(str(error))  # sentences for whoever set this up


if __name__ == "__main__":
    main()
