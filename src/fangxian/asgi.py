"""The ASGI application."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")
application = get_asgi_application()

from fangxian.ops.drills import install_givers  # noqa: E402  needs Django to be ready
from fangxian.spine.core.config import config  # noqa: E402

if config().drill:
    install_givers()  # an inject that the controller gives by hand does what its kind does
