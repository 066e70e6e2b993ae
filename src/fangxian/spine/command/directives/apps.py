"""The Django app of directives."""

from django.apps import AppConfig


class DirectivesConfig(AppConfig):
    """Directives and their items."""

    name = "fangxian.spine.command.directives"
    label = "directives"
    default_auto_field = "django.db.models.BigAutoField"
