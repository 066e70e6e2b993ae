"""Django app of the subject."""

from django.apps import AppConfig


class LotsConfig(AppConfig):
    name = "fangxian.hazards.epidemic.lots"
    label = "lots"
    default_auto_field = "django.db.models.BigAutoField"
