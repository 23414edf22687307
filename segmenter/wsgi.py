"""The web application, and how many requests at once it takes on."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "segmenter.settings")
# Only the web keeps a pool of database connections: Celery closes its connections around each task.
os.environ.setdefault("DATABASE_POOL", "1")

django_application = get_wsgi_application()

from segmenter.security.odd_text import without_odd_charset  # noqa: E402 - they need the settings
from segmenter.serving.admission import Admission, capacities  # noqa: E402

application = Admission(without_odd_charset(django_application), capacities())
