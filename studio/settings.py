"""One settings file. An absent variable selects the embedded part: a bare clone runs with nothing set.

Settings are read from the environment here and nowhere else, by the four readers below.
"""

import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlparse

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    return env(name, "1" if default else "").lower() in {"1", "true", "yes", "on"}


def number(name: str, default: int) -> int:
    return int(env(name) or default)


def secret(name: str) -> str:
    """NAME, or the content of the file that NAME_FILE points to."""
    if path := env(f"{name}_FILE"):
        return Path(path).read_text().strip()
    return env(name)


DATA_DIR = Path(env("DATA_DIR") or BASE_DIR / ".data")
DATA_DIR.mkdir(parents=True, exist_ok=True)
STORE_DIR = DATA_DIR / "store"
MEDIA_DIR = DATA_DIR / "uploads"
PLAYING_DIR = DATA_DIR / "playing"  # finished lines that somebody watches, for an hour
AUDIT_KEY = Path(env("AUDIT_KEY") or DATA_DIR / "audit.pem")
C2PA_DIR = Path(env("C2PA_DIR") or DATA_DIR / "c2pa")
os.environ.setdefault("LIKENESS_CACHE", str(DATA_DIR / "cache"))


def _local_key() -> str:
    """The development key is made once and stored beside the data, so that logins survive a restart."""
    path = DATA_DIR / "secret_key"
    if not path.exists():
        draft = DATA_DIR / f"secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


SECRET_KEY = secret("SECRET_KEY")
EMBEDDED = not SECRET_KEY
DEBUG = EMBEDDED and flag("DEBUG")
SECRET_KEY = SECRET_KEY or _local_key()
SECRET_KEY_FALLBACKS = secret("SECRET_KEY_FALLBACKS").split()
ALLOWED_HOSTS = (
    ["localhost", "127.0.0.1", "[::1]", "testserver"]
    if EMBEDDED
    else [h for h in env("ALLOWED_HOSTS").split(",") if h]
)
CSRF_TRUSTED_ORIGINS = [o for o in env("CSRF_TRUSTED_ORIGINS").split(",") if o]
# How many proxies in front append to X-Forwarded-For; with none the address is that of the connection.
TRUSTED_PROXIES_SET = bool(env("TRUSTED_PROXIES"))
TRUSTED_PROXIES = number("TRUSTED_PROXIES", 0)
PORT = number("PORT", 8000)
SITE_URL = env("SITE_URL") or f"http://127.0.0.1:{PORT}"

INSTALLED_APPS = [
    "rows",
    "studio",
    "moderation",
    "rendering",
    "billing",
    "consent",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "studio.middleware.request_id",
    "studio.middleware.content_security_policy",
    "studio.api.problems.problem_details",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "studio.middleware.upload_limit",
    "studio.middleware.readable",
    "studio.middleware.domain_errors",
]

ROOT_URLCONF = "studio.urls"
WSGI_APPLICATION = "studio.wsgi.application"

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
                "studio.context.workspace",
            ],
        },
    }
]


def _database(url: str) -> dict:
    if not url or url.startswith("sqlite:"):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": url.removeprefix("sqlite:///") or DATA_DIR / "studio.sqlite3",
            "CONN_MAX_AGE": 600,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                ),
            },
            # A file, not memory: tests start workers of their own, and those must see the rows.
            "TEST": {"NAME": str(DATA_DIR / "test.sqlite3")},
        }
    parts = urlparse(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "options": "-c statement_timeout=60000 -c lock_timeout=20000",
        },
    }


DATABASES = {"default": _database(secret("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# `make run` starts the embedded broker and passes its address on.
BROKER_EMBEDDED = not secret("BROKER_URL")
BROKER_URL = secret("BROKER_URL") or "redis://127.0.0.1:6399/0"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
    if EMBEDDED
    else {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": secret("CACHE_URL") or BROKER_URL,
    }
}

LIMITS_URL = secret("CACHE_URL") or BROKER_URL
"""Valkey that counts requests (rows/limits.py), the embedded one too."""

# People
AUTH_USER_MODEL = "studio.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Six digits by mail at sign-up: then nobody learns there who has an account.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
# A code by mail in place of the password: it is typed where it was asked for, so a link that is opened elsewhere signs nobody in.
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_BY_CODE_FORMAT = ACCOUNT_EMAIL_VERIFICATION_BY_CODE_FORMAT
ACCOUNT_ADAPTER = "studio.people.accounts.Adapter"
# Wrong passwords are counted in studio/people/accounts.py; this bounds what hashing passwords costs.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_ADAPTER = "studio.people.second_step.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Likeness Studio"
MFA_TOTP_TOLERANCE = 1  # steps of 30 s that a clock may be off (RFC 6238, 5.2)
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG  # http://localhost on a laptop
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

# Mail: SMTP if a host is set; otherwise printed, and stored as files that /outbox/ shows to whoever is signed in.
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "Likeness Studio <studio@localhost>")
EMAIL_HOST = env("EMAIL_HOST")
EMAIL_PORT = number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 10
EMAIL_FILE_PATH = DATA_DIR / "outbox"
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "studio.people.outbox.Outbox"
)

# Words and times
LANGUAGE_CODE = "en-us"
USE_I18N = True
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "studio" / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

# Files
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static", ("avatars", BASE_DIR / "rendering" / "assets" / "avatars")]
STATIC_ROOT = Path(env("STATIC_ROOT") or DATA_DIR / "static")
if EMBEDDED:  # files are served from where they are
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = EMBEDDED
WHITENOISE_AUTOREFRESH = False
if not EMBEDDED:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
SIGNED_URL_SECONDS = 15 * 60

# Security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
if not EMBEDDED:
    SECURE_SSL_REDIRECT = flag("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|metrics|fleet)$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

# Rendering
LEASE_SECONDS = number("LEASE_SECONDS", 60)
HEARTBEAT_SECONDS = number("HEARTBEAT_SECONDS", 10)
SWEEP_SECONDS = number("SWEEP_SECONDS", 15)
MAX_ATTEMPTS = 3
MEASURE_FILMS = env("MEASURE_FILMS", "1") == "1"
RENDER_SLOTS = number("RENDER_SLOTS", 2)
PROMISED_CLASSES = env("PROMISED_CLASSES", "preview,short,long,free").split(",")
METRICS_TOKEN = secret("METRICS_TOKEN")

# Where films are stored: files in DATA_DIR, or a bucket of an S3-compatible store.
S3_BUCKET = env("S3_BUCKET")
S3_ENDPOINT = env("S3_ENDPOINT")  # absent: AWS
S3_PUBLIC_ENDPOINT = env("S3_PUBLIC_ENDPOINT")  # where browsers reach it, if elsewhere
S3_REGION = env("S3_REGION")
S3_KEY_ID = secret("S3_KEY_ID")
S3_SECRET_KEY = secret("S3_SECRET_KEY")
S3_ORIGIN = "/".join((S3_PUBLIC_ENDPOINT or S3_ENDPOINT).split("/")[:3])
if S3_BUCKET and not S3_ORIGIN:
    S3_ORIGIN = f"https://{S3_BUCKET}.s3.{S3_REGION or 'us-east-1'}.amazonaws.com"
S3_CACHE_MB = number("S3_CACHE_MB", 20_000)  # of copies on each machine
FACE_ENGINE = env("FACE_ENGINE", "portrait")
ENGINE_DEVICE = env("ENGINE_DEVICE", "auto")
# How generated faces are fitted to the portrait: 1 or 0 (docs/engines.md)
FACE_FIT = {"hold": env("FACE_HOLD") or "1", "tone": env("FACE_TONE") or "1"}

# The hosted face engine, offered if a token is set (docs/engines.md)
REMOTE = {
    "token": secret("REMOTE_TOKEN"),
    "version": env("REMOTE_VERSION"),
    "url": env("REMOTE_URL", "https://api.replicate.com/v1"),
    "inputs": env("REMOTE_INPUTS", "{}"),
    "dollars": env("REMOTE_DOLLARS", "0"),
    "webhook_secret": secret("REMOTE_WEBHOOK_SECRET"),
}

# Weights of engines: fetched by `manage.py models fetch`, from the hub, a mirror or a folder
MODELS_DIR = Path(env("MODELS_DIR") or DATA_DIR / "models")
MODELS_SOURCE = env("MODELS_SOURCE", "https://huggingface.co")
MODELS_BUCKET = {
    "key": secret("MODELS_S3_KEY"),
    "secret": secret("MODELS_S3_SECRET"),
    "region": env("MODELS_S3_REGION", "us-east-1"),
    "endpoint": env("MODELS_S3_ENDPOINT"),
}

# What the built-in voices are spoken by: auto tries all of them once per machine (rendering/voices/runtimes.py)
SPEECH_RUNTIME = env("SPEECH_RUNTIME", "auto")

# Voices of providers, offered if a key is set (docs/voices.md)
VOICE_PROVIDERS = {
    name: {
        "key": secret(f"{name.upper()}_API_KEY"),
        "voices": env(f"{name.upper()}_VOICES"),
        "model": env(f"{name.upper()}_MODEL"),
        "dollars": env(f"{name.upper()}_DOLLARS"),
        "url": env(f"{name.upper()}_URL"),
    }
    for name in ("elevenlabs", "cartesia", "resemble")
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"terminal": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["terminal"], "level": env("LOG_LEVEL", "WARNING")},
    "loggers": {
        "studio": {"level": env("LOG_LEVEL", "INFO")},
        "rendering": {"level": env("LOG_LEVEL", "INFO")},
        "moderation": {"level": env("LOG_LEVEL", "INFO")},
        "uvicorn": {"level": "ERROR"},  # it warns of each request that is not HTTP
        "django.request": {"level": "ERROR"},
    },
}
