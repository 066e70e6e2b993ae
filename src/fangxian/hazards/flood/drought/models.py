"""Rain and drought of a county by month, with the rain of each of its days."""

from typing import Any

from django.db import models
from django.db.models import Q

from fangxian.spine.registry.models import Place


class Drought(models.Model):
    """A month of a county up to ``until``, which is the month's end or, in the month that runs,
    the last whole day (8 o'clock to 8 o'clock). ``days`` is the mean of the gauges on each day, mm;
    null where none told. Everything else is of the month-long span that ends then: ``missing`` of
    its days, ``rain_mm`` null where those are too many, and the index over 1, 3 and 6 such spans.
    ``years`` are those the graded index rests on."""

    county = models.ForeignKey(Place, models.PROTECT, related_name="droughts")
    month = models.DateField()
    until = models.DateField()
    days = models.JSONField()
    rain_mm = models.FloatField(null=True)
    gauges = models.PositiveIntegerField()
    missing = models.PositiveIntegerField()
    spi_1 = models.FloatField(null=True)
    spi_3 = models.FloatField(null=True)
    spi_6 = models.FloatField(null=True)
    years = models.PositiveIntegerField(default=0)
    pa_mm = models.FloatField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["county", "month"], name="drought_once_a_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="drought_month_is_a_first"),
            models.CheckConstraint(
                condition=Q(rain_mm__isnull=True) | Q(rain_mm__gte=0),
                name="drought_rain_not_negative",
            ),
        ]
        indexes = [models.Index(fields=["month"], name="drought_by_month")]

    def __str__(self) -> str:
        return f"{self.county} {self.month:%Y-%m}"

    def index(self, months: int) -> float | None:
        """The index over so many months."""
        value: Any = getattr(self, f"spi_{months}")
        return None if value is None else float(value)
