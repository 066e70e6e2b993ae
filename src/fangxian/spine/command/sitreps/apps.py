"""The Django app of situation reports."""

from django.apps import AppConfig


class SitrepsConfig(AppConfig):
    """Situation reports and their renderings."""

    name = "fangxian.spine.command.sitreps"
    label = "sitreps"
    default_auto_field = "django.db.models.BigAutoField"
