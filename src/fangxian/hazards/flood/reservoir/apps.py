"""Reservoirs as a Django app."""

from django.apps import AppConfig


class ReservoirConfig(AppConfig):
    name = "fangxian.hazards.flood.reservoir"
    label = "reservoir"
    verbose_name = "水库调度"
