"""The coast as a Django app."""

from django.apps import AppConfig


class CoastConfig(AppConfig):
    name = "fangxian.hazards.epidemic.coast"
    label = "coast"
    verbose_name = "海防"
