"""Django app of danger points."""

from django.apps import AppConfig


class HazardPointsConfig(AppConfig):
    name = "fangxian.hazards.flood.hazard_points"
    label = "hazard_points"
    default_auto_field = "django.db.models.BigAutoField"
