"""Django app of the surface."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "fangxian.surfaces.web"
    label = "web"
