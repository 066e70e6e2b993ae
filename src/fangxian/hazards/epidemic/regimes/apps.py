"""Django app of measures for people."""

from django.apps import AppConfig


class RegimesConfig(AppConfig):
    name = "fangxian.hazards.epidemic.regimes"
    label = "regimes"
    default_auto_field = "django.db.models.BigAutoField"
