"""SL 323 as a Django app."""

from django.apps import AppConfig


class Sl323Config(AppConfig):
    name = "fangxian.hazards.flood.sl323"
    label = "sl323"
    verbose_name = "实时雨水情库"
