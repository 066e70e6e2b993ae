"""Django app of tracing."""

from django.apps import AppConfig


class TracingConfig(AppConfig):
    name = "fangxian.hazards.epidemic.tracing"
    label = "tracing"
    default_auto_field = "django.db.models.BigAutoField"
