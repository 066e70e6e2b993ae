"""Django app of the room."""

from django.apps import AppConfig


class CoverConfig(AppConfig):
    name = "fangxian.spine.cover"
    label = "cover"
    default_auto_field = "django.db.models.BigAutoField"
