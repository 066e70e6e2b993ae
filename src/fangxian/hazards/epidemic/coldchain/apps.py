"""Cold chain as a Django app."""

from django.apps import AppConfig


class ColdchainConfig(AppConfig):
    name = "fangxian.hazards.epidemic.coldchain"
    label = "coldchain"
    verbose_name = "进口冷链"
