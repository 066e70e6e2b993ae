"""A danger point beyond its site: its documents, people below, thresholds of its own."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.registry.models import Site


class DangerPoint(models.Model):
    """One to one with its site. Rain limits in mm by window; empty where the city's hold."""

    site = models.OneToOneField(Site, models.CASCADE, related_name="danger")
    document_in = models.CharField(max_length=120)
    document_out = models.CharField(max_length=120, blank=True)
    households = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0)
    helpless = models.PositiveIntegerField(default=0)
    monitoring = models.CharField(max_length=200, blank=True)
    rain_mm_1h = models.FloatField(null=True)
    rain_mm_3h = models.FloatField(null=True)
    rain_mm_6h = models.FloatField(null=True)
    rain_mm_24h = models.FloatField(null=True)
    signal = models.CharField(max_length=120, blank=True)
    route = models.CharField(max_length=300, blank=True)
    shelter = models.ForeignKey(Site, models.PROTECT, null=True, related_name="for_points")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(helpless__lte=F("people")), name="danger_point_helpless_are_people"
            ),
            models.CheckConstraint(condition=~Q(document_in=""), name="danger_point_has_document"),
        ]

    def __str__(self) -> str:
        return self.site.name
