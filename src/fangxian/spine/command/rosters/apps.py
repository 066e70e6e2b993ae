"""The Django app of duty rosters."""

from django.apps import AppConfig


class RostersConfig(AppConfig):
    """Rosters, their members, turns, leave and swaps."""

    name = "fangxian.spine.command.rosters"
    label = "rosters"
    default_auto_field = "django.db.models.BigAutoField"
