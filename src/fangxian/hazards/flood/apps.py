"""Django app of the hazard."""

from django.apps import AppConfig


class FloodConfig(AppConfig):
    name = "fangxian.hazards.flood"
    label = "flood"
