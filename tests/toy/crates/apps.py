"""Django app of the subject."""

from django.apps import AppConfig


class CratesConfig(AppConfig):
    name = "fangxian.hazards.epidemic.crates"
    label = "crates"
    default_auto_field = "django.db.models.BigAutoField"
