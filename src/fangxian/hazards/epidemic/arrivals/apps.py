"""Django app of arrivals."""

from django.apps import AppConfig


class ArrivalsConfig(AppConfig):
    name = "fangxian.hazards.epidemic.arrivals"
    label = "arrivals"
    default_auto_field = "django.db.models.BigAutoField"
