"""Crates of imported goods, each at a place, tested or not."""

from django.db import models

from fangxian.spine.registry.models import Place


class Crate(models.Model):
    """One crate by its customs number. ``positives`` None: no result yet, which is not zero."""

    number = models.CharField(max_length=30, unique=True)
    place = models.ForeignKey(Place, models.PROTECT)
    goods = models.CharField(max_length=60)
    entered_at = models.DateTimeField()
    positives = models.PositiveIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.goods} {self.number}"
