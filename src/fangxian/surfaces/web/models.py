"""What a user keeps of the pages for himself: views of registers under a name."""

from typing import Any

from django.conf import settings
from django.db import models

MOST_VIEWS = 20


class SavedView(models.Model):
    """A register as one user looks at it: search, filters and order, under a name of his own."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    register = models.CharField(max_length=40)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=400)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "register", "name"], name="saved_view_once_by_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.register} {self.name}"


def saved_views(user: Any, register: str) -> "models.QuerySet[SavedView]":
    return SavedView.objects.filter(user=user, register=register).order_by("name")[:MOST_VIEWS]


def keep_view(user: Any, register: str, name: str, query: str) -> None:
    """Keep a view; without a name the views with this query go."""
    mine = SavedView.objects.filter(user=user, register=register)
    if not name:
        mine.filter(query=query).delete()
    else:
        mine.update_or_create(user=user, register=register, name=name, defaults={"query": query})
