"""Django app of the room."""

from django.apps import AppConfig


class CommandConfig(AppConfig):
    name = "fangxian.spine.command"
    label = "command"
    default_auto_field = "django.db.models.BigAutoField"
