"""Flood forecasts as a Django app."""

from django.apps import AppConfig


class ForecastConfig(AppConfig):
    name = "fangxian.hazards.flood.forecast"
    label = "forecast"
    verbose_name = "洪水预报"
