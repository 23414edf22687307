"""Settings, from the environment, working with none: read from top to bottom.

With nothing set, the embedded PostgreSQL and Valkey serve this machine alone. With PRODUCTION=1 everything
that matters must be set, or the program refuses to start.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from segmenter import log_format
from segmenter.accounts.settings import *  # noqa: F403 - logins, second factors, single sign-on, email
from segmenter.accounts.settings import OIDC_ISSUER
from segmenter.embedded import servers
from segmenter.security import production, secret_key
from segmenter.security.csp import FILE_POLICY, page_policy

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

PRODUCTION = env.bool("PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()

if PRODUCTION and (problems := production.find_problems(os.environ)):
    raise ImproperlyConfigured(" ".join(problems))

SECRET_KEY = env.str("SECRET_KEY", default="") or secret_key.read_or_make(DATA_DIR / "secret_key")
# Makes the digests that stand for customers in the audit trail.
AUDIT_KEY = env.str("AUDIT_KEY", default="") or SECRET_KEY
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# ---- Applications --------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "django_tables2",
    "common",
    "audit",
    "jobs",
    "customers",
    "segmentation.apps.SegmentationConfig",
    "segmenter.apps.SiteConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "segmenter.security.odd_text.OddTextMiddleware",
    "segmenter.pages.static_files.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "segmenter.middleware.SessionLifetimeMiddleware",
    "segmenter.middleware.BodySizeMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "segmenter.middleware.LoggingMiddleware",
    "segmenter.middleware.NoStoreMiddleware",
    "segmenter.middleware.UnavailableMiddleware",
    "segmenter.middleware.ReadingLimitMiddleware",
    "segmenter.pages.collisions.CollisionMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "segmenter.urls"
WSGI_APPLICATION = "segmenter.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# ---- Database ------------------------------------------------------------------------------------

EMBEDDED_DATABASE = not env.str("DATABASE_URL", default="")
database: dict[str, Any] = {
    "ENGINE": "segmenter.embedded.postgresql",
    "HOST": str(servers.socket_folder(DATA_DIR)),
    "NAME": "segmenter",
    "USER": "postgres",
}
if not EMBEDDED_DATABASE:
    database = {**env.db_url("DATABASE_URL")}
if env.bool("DATABASE_POOL", default=False):
    database.setdefault("OPTIONS", {})["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}
    database["CONN_HEALTH_CHECKS"] = True
DATABASES = {"default": database}
SILENCED_SYSTEM_CHECKS = [
    "models.W045",  # the canonical form of arrays is held by PostgreSQL; no form ever validates a customer
    "files.E001",  # the folder for arriving files is made when the first large one comes
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- Broker and cache ----------------------------------------------------------------------------

EMBEDDED_BROKER = not env.str("CELERY_BROKER_URL", default="")
VALKEY_SOCKET = servers.socket_folder(DATA_DIR) / "valkey.sock"
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="") or f"redis+socket://{VALKEY_SOCKET}"
CACHE_URL = env.str("CACHE_URL", default="") or (
    f"unix://{VALKEY_SOCKET}?db=1" if EMBEDDED_BROKER else CELERY_BROKER_URL
)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": env.str("CELERY_KEY_PREFIX", default="segmenter:") + "cache",
        "OPTIONS": {
            "serializer": "segmenter.security.cache_serializer.JSONSerializer",
            "pool_class": "segmenter.serving.cache_pool.SharedConnectionPool",
            "socket_timeout": 0.5,  # a page must not wait for a cache that hangs
        },
        "VERSION": 2,  # what an earlier release wrote is not read
    },
    # In the process's own memory, for charts show values of customers; of 20 kB each, 150 kB at most.
    "charts": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "charts",
        "TIMEOUT": 15 * 60,
        "OPTIONS": {"MAX_ENTRIES": 100},
    },
}

CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Take back what a killed worker held every 10 s instead of every 100 s.
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "global_keyprefix": env.str("CELERY_KEY_PREFIX", default="segmenter:"),
    "socket_connect_timeout": 2,
    "socket_timeout": 30,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Messages are acknowledged when a process takes them, and fetched when one is free: the job row decides about
# a second attempt. A worker that holds a message when it loses its broker ends on the way back (kombu 5.7).
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# ---- Jobs ----------------------------------------------------------------------------------------

JOB_KINDS = {
    "import": {"task": "customers.tasks.execute_import", "holder": "customerimport"},
    "run": {"task": "segmenter.tasks.execute_run", "holder": "segmentationrun"},
    "picture": {"task": "segmenter.tasks.count_picture", "holder": "runpicture"},
    "export": {"task": "segmenter.tasks.execute_export", "holder": "customerexport"},
}
JOB_HEARTBEAT_SECONDS = env.float("JOB_HEARTBEAT_SECONDS", default=10)
JOB_STALE_SECONDS = env.float("JOB_STALE_SECONDS", default=30)
JOB_RESEND_SECONDS = env.float("JOB_RESEND_SECONDS", default=30)
JOB_MAX_ATTEMPTS = 2
JOB_MAX_ACTIVE_PER_USER = env.int("JOB_MAX_ACTIVE_PER_USER", default=10)
# An attempt is asked to end at its limit; what does not listen is killed when the grace is over.
JOB_TIME_LIMIT_SECONDS = env.float("JOB_TIME_LIMIT_SECONDS", default=2 * 3600)
JOB_TIME_GRACE_SECONDS = env.float("JOB_TIME_GRACE_SECONDS", default=10)
# Of the process that works on a job; 0 means no limit.
JOB_MEMORY_BYTES = env.int("JOB_MEMORY_BYTES", default=4 * 1024**3)
CELERY_TASK_SOFT_TIME_LIMIT = JOB_TIME_LIMIT_SECONDS
CELERY_TASK_TIME_LIMIT = JOB_TIME_LIMIT_SECONDS + JOB_TIME_GRACE_SECONDS


# What is lost or overlooked is the maintenance threads' business (jobs/worker/maintenance.py), not beat's.
def every(interval: timedelta, task: str) -> dict[str, Any]:
    """An entry for beat. Its message expires before the next: a worker that was away is not flooded."""
    expires = min(0.8 * interval.total_seconds(), 3600)
    return {"task": task, "schedule": interval, "options": {"expires": expires}}


MINUTE, FIVE_MINUTES = timedelta(minutes=1), timedelta(minutes=5)
CELERY_BEAT_SCHEDULE = {
    "drop what was deleted": every(FIVE_MINUTES, "segmenter.tasks.drop_orphaned_partitions"),
    "clear old sessions": every(timedelta(days=1), "segmenter.tasks.clear_old_sessions"),
    "seal the audit trail": every(MINUTE, "audit.tasks.seal_events"),
    "keep the months of the audit trail": every(timedelta(hours=1), "audit.tasks.keep_months"),
    "delete expired exports": every(FIVE_MINUTES, "segmenter.tasks.delete_expired_exports"),
    "summarise datasets": every(FIVE_MINUTES, "customers.tasks.count_missing_overviews"),
    "drop versions nobody holds": every(FIVE_MINUTES, "customers.tasks.drop_unheld_versions"),
}

# Slots in pages of a lower floor, and the templates with which floors above fill them.
PAGE_SLOTS = {
    "jobs section": ["customers/_capacity.html"],
    "dataset first action": ["segmentation/_find_segments.html"],
    "dataset last action": ["segmentation/_delete_dataset.html"],
    "dataset fact": ["segmentation/_segmentation_count.html"],
    "dataset section": ["segmentation/_segmentation_links.html"],
    "import first action": ["segmentation/_find_segments_next.html"],
    "customer list action": ["segmentation/_export_customers.html"],
    "customer": ["segmentation/_customer_slot.html"],
}

# ---- Imports -------------------------------------------------------------------------------------

UPLOAD_DIR = DATA_DIR / "uploads"
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=2 * 1024**3)
IMPORT_MAX_ROWS = env.int("IMPORT_MAX_ROWS", default=50_000_000)
IMPORT_MAX_COLUMNS = env.int("IMPORT_MAX_COLUMNS", default=500)
# Without shortcuts for reading a file and building a version: for anyone who doubts them.
IMPORT_PLAINLY = env.bool("IMPORT_PLAINLY", default=False)
# Stored files are deleted after this many days; what was imported stays.
IMPORT_RETENTION_DAYS = env.int("IMPORT_RETENTION_DAYS", default=30)
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024**2
# While a file arrives it lies beside those that have arrived, not in a temporary folder that may be memory.
FILE_UPLOAD_TEMP_DIR = UPLOAD_DIR / "arriving"
FILE_UPLOAD_PERMISSIONS = 0o600

# ---- Exports -------------------------------------------------------------------------------------

EXPORT_DIR = DATA_DIR / "exports"
# Lists of more customers are prepared in the background.
EXPORT_BACKGROUND_ROWS = env.int("EXPORT_BACKGROUND_ROWS", default=100_000)
# A prepared list can be downloaded for this long; then its file is deleted.
EXPORT_LIFETIME = timedelta(hours=env.float("EXPORT_LIFETIME_HOURS", default=24))

# ---- The web server ------------------------------------------------------------------------------

# What each web process works on at once, and how many more may wait before people are told to come back.
WEB_REQUESTS_AT_ONCE = env.int("WEB_REQUESTS_AT_ONCE", default=4)
WEB_REQUESTS_WAITING = env.int("WEB_REQUESTS_WAITING", default=48)
# Silence for this long ends a connection, whoever it was that had to go on.
REQUEST_SILENCE_SECONDS = env.int("REQUEST_SILENCE_SECONDS", default=30)

# ---- Audit trail ---------------------------------------------------------------------------------

# Events of months that ended longer ago are dropped; 0 keeps them for ever.
AUDIT_RETENTION_MONTHS = env.int("AUDIT_RETENTION_MONTHS", default=0)
# The most customers that somebody may see in lists in an hour, without this permission; 0 means no limit.
BULK_READ_LIMIT = env.int("BULK_READ_LIMIT", default=10_000)
BULK_READ_PERMISSION = "segmenter.export_segment"

# ---- People and pages ----------------------------------------------------------------------------

# A list that takes longer is given up; the page says how to narrow it down.
PAGE_TIMEOUT_SECONDS = env.float("PAGE_TIMEOUT_SECONDS", default=5)

SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", default=30 * 60)
SESSION_ABSOLUTE_SECONDS = env.int("SESSION_ABSOLUTE_SECONDS", default=12 * 3600)
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "segmenter.pages.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY_OF_FILES = FILE_POLICY
CONTENT_SECURITY_POLICY = page_policy(form_targets=[OIDC_ISSUER] if OIDC_ISSUER else [])
if PRODUCTION:
    # The prefix makes browsers insist on this host only, every path, encryption.
    SESSION_COOKIE_NAME, SESSION_COOKIE_SECURE = "__Host-sessionid", True
    CSRF_COOKIE_NAME, CSRF_COOKIE_SECURE = "__Host-csrftoken", True
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Metrics for Prometheus at /metrics, for whoever sends this token.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
if METRICS_TOKEN:
    INSTALLED_APPS.append("django_prometheus")
    MIDDLEWARE = [
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        *MIDDLEWARE,
        "django_prometheus.middleware.PrometheusAfterMiddleware",
    ]

CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
DJANGO_TABLES2_TEMPLATE = "common/_table.html"

LANGUAGE_CODE = "en"
# What is shipped. Another language is added here with its file in locale/: of Django's own languages none is
# offered before, for a page would be half in one and half in the other.
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["segmenter.formats"]
USE_I18N = True
USE_THOUSAND_SEPARATOR = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_DIR", default=str(DATA_DIR / "static")))
# Without settings nobody runs collectstatic: files are served from where they are.
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# ---- Logging -------------------------------------------------------------------------------------

LOG_FORMAT = env.str("LOG_FORMAT", default="json" if PRODUCTION else "plain")
LOGGING = log_format.configure(LOG_FORMAT, level=env.str("LOG_LEVEL", default="INFO"))
