"""Django app of the room."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "fangxian.spine.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"
