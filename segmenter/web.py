"""Another name of `segmenter.gunicorn`: people's own units and Compose files say `python:segmenter.web`."""

from segmenter.gunicorn import *  # noqa: F403
