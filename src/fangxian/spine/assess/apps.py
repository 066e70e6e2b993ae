"""Django app of the room."""

from django.apps import AppConfig


class AssessConfig(AppConfig):
    name = "fangxian.spine.assess"
    label = "assess"
    default_auto_field = "django.db.models.BigAutoField"
