"""Django app of the surface."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "fangxian.surfaces.web"
    label = "web"

    def ready(self) -> None:
        """Every process that shows or does anything knows the subjects."""
        import fangxian.wiring  # noqa: F401
