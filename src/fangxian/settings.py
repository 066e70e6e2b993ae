"""Django's settings, made from the one configuration object."""

from pathlib import Path

from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.postgresql import served

CONFIG = config()
HERE = Path(__file__).parent
NODE_MODULES = Path(CONFIG.node_modules or HERE.parent.parent / "node_modules")

if CONFIG.drill:
    clock.install(clock.ScenarioClock(CONFIG.clock_file))

SECRET_KEY = CONFIG.signing_key
AUTH_PASSWORD_VALIDATORS: list[dict[str, object]] = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "CommonPasswordValidator",
        "NumericPasswordValidator",
        "UserAttributeSimilarityValidator",
    )
]
AUTH_PASSWORD_VALIDATORS.append(
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    }
)
SECRET_KEY_FALLBACKS = list(CONFIG.old_keys)
DEBUG = CONFIG.debug
ALLOWED_HOSTS = CONFIG.allowed_hosts.split(",")
ROOT_URLCONF = "fangxian.urls"
ASGI_APPLICATION = "fangxian.asgi.application"

INSTALLED_APPS = [
    "fangxian.surfaces.web",  # first: its templates stand over those of allauth
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
    "ninja",  # its documentation page from our own files
    "fangxian.spine.core",
    "fangxian.spine.registry",
    "fangxian.spine.people",
    "fangxian.spine.cover",
    "fangxian.spine.ready",
    "fangxian.spine.observe",
    "fangxian.spine.reach",
    "fangxian.spine.assess",
    "fangxian.spine.command",
    "fangxian.spine.command.rosters",
    "fangxian.spine.command.directives",
    "fangxian.spine.command.sitreps",
    "fangxian.spine.inspect",
    "fangxian.hazards.flood.hazard_points",
    "fangxian.hazards.flood.evacuation",
    "fangxian.hazards.flood.forecast",
    "fangxian.hazards.flood.drought",
    "fangxian.hazards.flood.reservoir",
    "fangxian.hazards.flood.sl323",
    "fangxian.hazards.epidemic.sentinel",
    "fangxian.hazards.epidemic.regimes",
    "fangxian.hazards.epidemic.arrivals",
    "fangxian.hazards.epidemic.tracing",
    "fangxian.hazards.epidemic.coldchain",
    "fangxian.hazards.epidemic.coast",
    "fangxian.surfaces.api",
]

MIDDLEWARE = [
    "fangxian.surfaces.web.policy.PolicyMiddleware",
    "fangxian.surfaces.web.middleware.NumberMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "fangxian.surfaces.web.middleware.SeatMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "fangxian.surfaces.web.frame.frame",
            ],
        },
    }
]

FILES: dict[str, object] = {
    "ENGINE": "fangxian.spine.core.sqlite",
    "NAME": CONFIG.records_db,
    "CONN_MAX_AGE": 600,  # opening one costs more than most questions; new statistics are seen
    "TEST": {"NAME": ":memory:"},
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
        ),
    },
}
DATABASES = {"default": served(CONFIG.database) if CONFIG.database else FILES}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [HERE / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

DATA_UPLOAD_MAX_NUMBER_FILES = 500  # ODK Collect sends up to 101 files in one request
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000  # a batch of 5,000 readings is well below

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600
STATICFILES_DIRS = [
    ("leaflet", NODE_MODULES / "leaflet/dist"),
    ("echarts", NODE_MODULES / "echarts/dist"),
    ("htmx", NODE_MODULES / "htmx.org/dist"),
    ("tweetnacl", NODE_MODULES / "tweetnacl"),
]

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# mail leaves by reach.channels alone
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_ADAPTER = "fangxian.surfaces.web.accounts.ClosedAccounts"
# a coach's passengers may declare themselves by one address
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/300s/key", "declare": "200/h/ip"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = False  # a passkey is a second factor here
MFA_TOTP_ISSUER = "Fangxian"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600  # without a request; SeatMiddleware moves it on
if CONFIG.url.startswith("https://"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # of the one proxy before us
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 365 * 86400
    CSRF_TRUSTED_ORIGINS = [CONFIG.url]
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CACHES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
if CONFIG.web_processes > 1:  # failures to log in are counted for all of them together
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": CONFIG.data_dir / "cache",
    }

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"fangxian": {"level": "INFO"}, "django.request": {"level": "ERROR"}},
}
NINJA_PAGINATION_PER_PAGE = 100
