"""Lists of risk areas as they were taken in, and the spans for which areas were on them."""

from django.db import models
from django.db.models import F, Q


class County(models.Model):
    """A county as lists and declarations name it (of a municipality the street below a district):
    lists carry names and no codes."""

    province = models.CharField(max_length=40)
    city = models.CharField(max_length=40, blank=True)
    county = models.CharField(max_length=60)
    key = models.CharField(max_length=140, unique=True)  # without endings: 泉州 is 泉州市

    def __str__(self) -> str:
        names = dict.fromkeys((self.province, self.city, self.county))
        return "".join(name for name in names if name)


class RiskList(models.Model):
    """One list as it was published: of whom, when, what it changed, and what is odd about it."""

    authority = models.CharField(max_length=40)
    published_at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    counted = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    added = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    source = models.CharField(max_length=200, blank=True)
    taken_at = models.DateTimeField()
    taken_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["authority", "published_at"], name="list_once_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.authority} {self.published_at:%Y-%m-%d %H:%M}"


class Listing(models.Model):
    """An area at a level from one time to another; open while it is listed. A venue has hours. What
    was listed in error is withdrawn: then it never counted."""

    code = models.CharField(max_length=20, blank=True)  # of a notice that an office entered
    authority = models.CharField(max_length=40)
    county = models.ForeignKey(County, models.PROTECT, related_name="listings")
    part = models.CharField(max_length=300, blank=True)
    level = models.CharField(max_length=20)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    hour_from = models.TimeField(null=True)
    hour_to = models.TimeField(null=True)
    opened_by = models.ForeignKey(RiskList, models.PROTECT, null=True, related_name="opened")
    closed_by = models.ForeignKey(RiskList, models.PROTECT, null=True, related_name="closed")
    source = models.CharField(max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["authority", "county", "part", "level"],
                condition=Q(until__isnull=True, withdrawn_at__isnull=True),
                name="listing_open_once",
            ),
            models.UniqueConstraint(
                fields=["code"], condition=~Q(code=""), name="listing_code_once"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="listing_ends_after_start",
            ),
        ]
        indexes = [models.Index(fields=["county", "since"], name="listing_by_county")]

    def __str__(self) -> str:
        return f"{self.county}{self.part}"
