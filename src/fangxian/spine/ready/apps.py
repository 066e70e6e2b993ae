"""Django app of the room."""

from django.apps import AppConfig


class ReadyConfig(AppConfig):
    name = "fangxian.spine.ready"
    label = "ready"
    default_auto_field = "django.db.models.BigAutoField"
