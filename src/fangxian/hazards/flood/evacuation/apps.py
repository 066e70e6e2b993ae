"""Django app of evacuation."""

from django.apps import AppConfig


class EvacuationConfig(AppConfig):
    name = "fangxian.hazards.flood.evacuation"
    label = "evacuation"
    default_auto_field = "django.db.models.BigAutoField"
