"""Django app of the surface."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "fangxian.surfaces.api"
    label = "api"
