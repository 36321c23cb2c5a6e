"""Every setting, read from the environment. One file for local mode, tests and production.

The table in README.md says what each variable means. Production is whatever does not ask for local mode:
it refuses to start with a missing secret, open hosts or DEBUG.
"""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environs import Env

from . import database
from .middleware import static_headers

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()

# Local mode: loopback only, the browser is signed in as the local user, the API needs no token.
LOCAL = env.bool("ISSUETRACKER_LOCAL", default=False)
DEBUG = env.bool("ISSUETRACKER_DEBUG", default=False)
if DEBUG and not LOCAL:
    raise ImproperlyConfigured(
        "ISSUETRACKER_DEBUG needs ISSUETRACKER_LOCAL=1: production never shows its inside."
    )

# Local mode signs cookies with a key that everybody can read here, which is why it binds to loopback only.
SECRET_KEY = env.str("ISSUETRACKER_SECRET_KEY", default="local-mode-only-" + "x" * 40 if LOCAL else "")
if len(SECRET_KEY) < 40 or (SECRET_KEY.startswith("local-mode-only-") and not LOCAL):
    raise ImproperlyConfigured(
        "Set ISSUETRACKER_SECRET_KEY to at least 40 random characters, or ISSUETRACKER_LOCAL=1 to try things out."
    )

LOCAL_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = LOCAL_HOSTS if LOCAL else env.list("ISSUETRACKER_HOSTS", default=[])
if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("Set ISSUETRACKER_HOSTS to the names the service answers to, without '*'.")

DATA_DIR = database.data_dir()

INSTALLED_APPS = [
    "issues",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",  # its tables stay empty: SESSION_ENGINE below has its own; clearsessions comes from here
    "whitenoise.runserver_nostatic",
    "issuetracker.static.UsedStaticFiles",
    "django_htmx",
    "procrastinate.contrib.django",
    "template_partials",
]

# What a program's call goes through, and the headers that its answer gets (issues/api/wsgi.py).
EVERY_REQUEST = [
    "issuetracker.middleware.request_id",
    "issuetracker.middleware.always_utf8",
    "issuetracker.middleware.tidy_uploads",
    "issuetracker.middleware.client_address",
]
EVERY_ANSWER = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "issues.pages.middleware.content_security_policy",
]
# What everything else goes through.
MIDDLEWARE = [
    *EVERY_REQUEST,
    EVERY_ANSWER[0],
    # Before the headers that only pages need: a first visit has twenty files.
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *EVERY_ANSWER[1:],
    "issues.pages.live.answer_idle",
    "issuetracker.middleware.compressed_pages",
    "issues.pages.live.note_the_time",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "issues.pages.middleware.Viewer",
    "issues.pages.middleware.local_user",
    # Who may look is asked before a form is read; what the form may do, after.
    "issues.pages.middleware.SignInRequired",
    "issues.pages.middleware.BodyLimit",
    "issues.pages.middleware.RateLimit",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "issuetracker.urls"
WSGI_APPLICATION = "issuetracker.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "issues.pages.middleware.shell",
            ]
        },
    }
]

DATABASES = {"default": database.settings()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "issues.User"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600  # seconds that an invitation or a link to a new password holds
LOGIN_URL = "/signin"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/signin"

LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
MEDIA_ROOT = DATA_DIR / "files"
# Attachments: on the disk, or in a bucket of S3. With a bucket, files in either place are found (issues/models/storage.py).
S3_BUCKET = env.str("ISSUETRACKER_S3_BUCKET", default="")
STORE = env.str("ISSUETRACKER_STORE", default="s3" if S3_BUCKET else "disk")  # where new files go
S3_DIRECT = env.bool(
    "ISSUETRACKER_S3_DIRECT", default=False
)  # downloads go to the bucket by a signed address
if STORE not in ("disk", "s3") or (STORE == "s3" and not S3_BUCKET):
    raise ImproperlyConfigured("ISSUETRACKER_STORE is disk or s3, and s3 needs ISSUETRACKER_S3_BUCKET.")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "issues.models.storage.EvidenceStorage"},
    "staticfiles": {"BACKEND": "issuetracker.static.HashedStaticFiles"},
}
if S3_BUCKET:
    STORAGES |= {
        "disk": STORAGES["default"],
        "s3": {
            "BACKEND": "issues.models.bucket.BucketStorage",
            "OPTIONS": {
                "bucket_name": S3_BUCKET,
                "endpoint_url": env.str("ISSUETRACKER_S3_ENDPOINT", default=None),
                "region_name": env.str("ISSUETRACKER_S3_REGION", default=None),
                "access_key": env.str("ISSUETRACKER_S3_ACCESS_KEY", default=None),
                "secret_key": env.str("ISSUETRACKER_S3_SECRET_KEY", default=None),
                "location": env.str("ISSUETRACKER_S3_PREFIX", default=""),
            },
        },
        "default": {
            "BACKEND": "issues.models.storage.Stores",
            "OPTIONS": {"first": STORE, "second": "disk" if STORE == "s3" else "s3"},
        },
    }
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_ADD_HEADERS_FUNCTION = static_headers

# Uploads stream to disk as they come, on the file system they stay on, so that storing one is a rename.
UPLOAD_LIMIT = env.int("ISSUETRACKER_UPLOAD_LIMIT", default=256_000_000)  # bytes of all files of one request
FILE_UPLOAD_TEMP_DIR = MEDIA_ROOT / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)  # Django's checks ask for it
FILE_UPLOAD_HANDLERS = ["issues.evidence.uploads.HashingUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes of a form without its files
DATA_UPLOAD_MAX_NUMBER_FILES = None  # our handler counts them, and lets the rest of the form be read

# Ready-made answers that each process keeps, in bytes. Each store takes a share; together they are no more than this.
FRAGMENT_BYTES = env.int("ISSUETRACKER_FRAGMENT_BYTES", default=192 * 1024 * 1024)

# Requests per minute and caller on the JSON routes; 0 is no limit. One count for all workers.
RATE_LIMIT = env.int("ISSUETRACKER_RATE_LIMIT", default=0 if LOCAL else 3000)

# How many proxies in front add to X-Forwarded-For; only what these say of the caller's address is believed.
PROXIES = env.int("ISSUETRACKER_PROXIES", default=0)

# A sign-in lasts so long and no longer, used or not; it ends before that by sign-out, a new password, or deactivation.
SESSION_COOKIE_AGE = 30 * 24 * 3600  # seconds
SESSION_ENGINE = "issues.models.browser_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "issues.pages.errors.csrf_failure"
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
if not LOCAL:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SECURE_SSL_REDIRECT = env.bool("ISSUETRACKER_TLS_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "issuetracker.logs.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # A refused request is no event of ours, and its address may hold a signature.
    "loggers": {"django.request": {"level": "ERROR"}, "procrastinate": {"level": "WARNING"}},
    "root": {"handlers": ["stderr"], "level": env.str("ISSUETRACKER_LOG_LEVEL", default="INFO")},
}
