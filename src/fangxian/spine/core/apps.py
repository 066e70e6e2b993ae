"""Django app of the room."""

import importlib
import importlib.util

from django.apps import AppConfig, apps


class CoreConfig(AppConfig):
    name = "fangxian.spine.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Events of every room of the spine have words, whatever of it a process imports."""
        for room in apps.get_app_configs():
            if room.name.startswith("fangxian.spine."):
                words = f"{room.name}.words"
                if importlib.util.find_spec(words):
                    importlib.import_module(words)
