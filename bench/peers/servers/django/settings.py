"""Django with django-oauth-toolkit as a token server and nothing else: no sessions, pages or admin."""

import os
import secrets
from urllib.parse import urlsplit

_DATABASE = urlsplit(os.environ["DATABASE_URL"])

DEBUG = False
SECRET_KEY = secrets.token_urlsafe(50)
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
WSGI_APPLICATION = "wsgi.application"
USE_TZ = True

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]

# A connection for each thread, kept open.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _DATABASE.hostname,
        "PORT": _DATABASE.port,
        "USER": _DATABASE.username,
        "NAME": _DATABASE.path.removeprefix("/"),
        "CONN_MAX_AGE": None,
    }
}

PASSWORD_HASHERS = ["hashing.Argon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]

OAUTH2_PROVIDER = {
    "SCOPES": {"api": "The bank's APIs", "introspection": "Asking about tokens"},
    "CLIENT_SECRET_HASHER": "pbkdf2_sha256",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "ERROR"},
    "loggers": {"oauth2_provider": {"level": "ERROR"}},
}
