"""What belongs to a cold store: who works there, what was counted, when its lots are held."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.people.models import Person
from fangxian.spine.registry.models import Place, Site


class Worker(models.Model):
    """Somebody who works with the goods, at a site, from when to when; how often he is tested goes
    by the class of his post."""

    EVENT_KIND = "cold_worker"

    person = models.ForeignKey(Person, models.CASCADE, related_name="cold_work")
    site = models.ForeignKey(Site, models.PROTECT, related_name="cold_workers")
    duty = models.CharField(max_length=12)  # class of the post, of the dated set cold_sampling
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "site"],
                condition=Q(until__isnull=True),
                name="worker_once_at_a_site",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="worker_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return str(self.person)


class Shift(models.Model):
    """A worker's shift; none begins without a valid test."""

    EVENT_KIND = "cold_shift"

    worker = models.ForeignKey(Worker, models.CASCADE, related_name="shifts")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["worker"], condition=Q(until__isnull=True), name="one_shift_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="shift_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.worker} {self.since:%m-%d %H:%M}"


class Capacity(models.Model):
    """Tubes that a laboratory can do a day."""

    site = models.OneToOneField(Site, models.CASCADE, related_name="cold_capacity")
    a_day = models.PositiveIntegerField()
    source = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.site} {self.a_day}"


class StockCount(models.Model):
    """What somebody counted at a site on a day, by the number that stands on the goods."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="cold_counts")
    on = models.DateField()
    number = models.CharField(max_length=40)
    weight_kg = models.FloatField()
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "on", "number"], name="counted_once_a_day"),
            models.CheckConstraint(condition=Q(weight_kg__gte=0), name="count_weighs"),
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.number} {self.on}"


class Review(models.Model):
    """Stock imported in a span of days is to be tested again, by when."""

    EVENT_KIND = "cold_review"

    place = models.ForeignKey(Place, models.PROTECT)
    since = models.DateField()
    until = models.DateField()
    why = models.CharField(max_length=200)
    by_at = models.DateTimeField()
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    lots = models.JSONField(default=list)  # numbers of the lots it found in stock

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="review_ends_after")
        ]

    def __str__(self) -> str:
        return f"{self.since} – {self.until}"


class Hold(models.Model):
    """The lots of a site go nowhere: it stood in a flood, under a warning, without power. Opened by
    what its loggers show, or by somebody with a reason."""

    EVENT_KIND = "cold_hold"

    site = models.ForeignKey(Site, models.PROTECT, related_name="cold_holds")
    cause = models.CharField(max_length=40)  # signal:17, power:…; the same cause holds once
    why = models.CharField(max_length=200)
    since = models.DateTimeField()
    cause_ended_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    opened_by = models.CharField(max_length=120, blank=True)
    opened_why = models.CharField(max_length=300, blank=True)
    asked_by = models.BigIntegerField(null=True)  # the post that asked for it to be opened by hand
    asked_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "cause"], name="held_once_by_a_cause"),
            models.CheckConstraint(
                condition=Q(opened_at__isnull=True) | Q(opened_at__gte=F("since")),
                name="hold_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site}: {self.why}"


class LoggerFile(models.Model):
    """A temperature logger's table: its span, how cold, how long too warm, how long silent."""

    EVENT_KIND = "cold_logger"

    site = models.ForeignKey(Site, models.PROTECT, related_name="logger_files")
    logger = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    since = models.DateTimeField()
    until = models.DateTimeField()
    readings = models.PositiveIntegerField()
    min_c = models.FloatField()
    max_c = models.FloatField()
    warm_min = models.FloatField()
    gap_min = models.FloatField()
    points = models.JSONField(default=list)  # (seconds, degrees), thinned for the chart
    at = models.DateTimeField()
    by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "sha256"], name="logger_file_once"),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="logger_spans_time"),
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.logger}"
