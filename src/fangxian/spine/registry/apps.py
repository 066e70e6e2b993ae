"""Django app of the room."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "fangxian.spine.registry"
    label = "registry"
    default_auto_field = "django.db.models.BigAutoField"
