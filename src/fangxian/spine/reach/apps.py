"""Django app of the room."""

from django.apps import AppConfig


class ReachConfig(AppConfig):
    name = "fangxian.spine.reach"
    label = "reach"
    default_auto_field = "django.db.models.BigAutoField"
