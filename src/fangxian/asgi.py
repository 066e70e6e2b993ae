"""The ASGI application."""

import os
from typing import Any

from django.core.asgi import get_asgi_application


def _application() -> Any:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")
    application = get_asgi_application()
    from fangxian.ops.drills import install_givers
    from fangxian.spine.core.config import config

    if config().drill:
        install_givers()  # an inject that is given by hand does what its kind does
    from fangxian.surfaces.web.views.live import Streams
    from fangxian.surfaces.web.warm import warm

    warm()
    return Streams(application)


application = _application()
