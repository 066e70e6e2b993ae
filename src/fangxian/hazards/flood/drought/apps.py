"""Drought as a Django app."""

from django.apps import AppConfig


class DroughtConfig(AppConfig):
    name = "fangxian.hazards.flood.drought"
    label = "drought"
    verbose_name = "旱情"
    default_auto_field = "django.db.models.BigAutoField"
