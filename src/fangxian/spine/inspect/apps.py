"""Django app of the room."""

from django.apps import AppConfig


class InspectConfig(AppConfig):
    name = "fangxian.spine.inspect"
    label = "inspect"
    default_auto_field = "django.db.models.BigAutoField"
