"""Django app of the sentinels."""

from django.apps import AppConfig


class SentinelConfig(AppConfig):
    name = "fangxian.hazards.epidemic.sentinel"
    label = "sentinel"
    default_auto_field = "django.db.models.BigAutoField"
