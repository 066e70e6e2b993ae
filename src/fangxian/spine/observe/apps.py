"""Django app of the room."""

from django.apps import AppConfig


class ObserveConfig(AppConfig):
    name = "fangxian.spine.observe"
    label = "observe"
    default_auto_field = "django.db.models.BigAutoField"
