"""Stations, series and what waits in quarantine. Readings themselves are in store.py's file."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.steps import Machine, Step
from fangxian.spine.registry.models import Organisation, Place, Post, Site
from fangxian.spine.registry.models import Person as OfficeHolder

STATION = "station"


def in_use(at: datetime | None = None, path: str = "") -> Q:
    """Stations that are in use at a time, now by default: not yet ended, and begun. ``path`` leads
    to them from another table."""
    span = {"since": f"{path}valid_from", "until": f"{path}valid_to"}
    return rows_in_force(at or clock.now(), **span)


class Station(Site):
    """A gauge: a site of the kind station, with what only gauges have. ``origin`` says whether its
    readings are real or modelled. It is listened to from ``adopted_at`` on, until ``valid_to``.
    ``line_password`` (SL 651: four hexadecimal digits), where one is set, must stand in what it
    sends."""

    class Origin(models.TextChoices):
        REAL = "real", "实测"
        MODELLED = "modelled", "模拟"

    river = models.CharField(max_length=60, blank=True)
    datum = models.CharField(max_length=40, blank=True)
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.REAL)
    report_every_s = models.PositiveIntegerField(default=3600)
    level_base_m = models.FloatField(null=True)
    adopted_at = models.DateTimeField()
    line_password = models.CharField(max_length=4, blank=True)

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind = STATION
        super().save(*args, **kwargs)


class Series(models.Model):
    """One element of one station; its readings lie in the telemetry file under ``id``."""

    station = models.ForeignKey(Station, models.PROTECT, related_name="series")
    element = models.CharField(max_length=12)
    unit = models.CharField(max_length=12)
    step_s = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["station", "element"], name="series_once_per_element")
        ]

    def __str__(self) -> str:
        return f"{self.station} {self.element}"


class LevelBase(models.Model):
    """The height that relative levels of a station are above, from a time on: a gauge that is
    moved has another one, and what it sent before keeps its own."""

    station = models.ForeignKey(Station, models.CASCADE, related_name="bases")
    base_m = models.FloatField()
    valid_from = models.DateTimeField(null=True)
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["station", "valid_from"], name="base_once_per_time")
        ]

    def __str__(self) -> str:
        return f"{self.station} {self.base_m} m"


class StationClock(models.Model):
    """What is known of a station's own clock against ours: ahead is positive."""

    class State(models.TextChoices):
        RIGHT = "right", "准确"
        DRIFT = "drift", "偏差（已改正）"
        WRONG = "wrong", "错误"

    station = models.OneToOneField(Station, models.CASCADE, related_name="clock")
    state = models.CharField(max_length=8, choices=State)
    offset_s = models.BigIntegerField()
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.station} {self.offset_s:+} s"


class QualityLimit(models.Model):
    """What is physically believable at a station or, without one, for an element: dated data."""

    station = models.ForeignKey(Station, models.CASCADE, null=True)
    element = models.CharField(max_length=12)
    lowest = models.FloatField(null=True)
    highest = models.FloatField(null=True)
    rise_per_h = models.FloatField(null=True)
    change_per_day = models.FloatField(null=True)
    stuck_after_s = models.PositiveIntegerField(null=True)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    source = models.CharField(max_length=200)
    verified = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.station or '*'} {self.element}"


class Quarantine(models.Model):
    """A station nobody knows yet. Its frames are kept, not published, until it is adopted."""

    code = models.CharField(max_length=10, unique=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    frames = models.PositiveIntegerField(default=0)
    looked_at = models.DateTimeField(null=True)
    looked_by = models.CharField(max_length=120, blank=True)
    adopted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.code


class Form(models.Model):
    """A form in one version: the XForm exactly as it is served, and what its questions are. A
    newer version of a code replaces it from ``loaded_at`` on; reports keep the one they were made
    with."""

    code = models.CharField(max_length=64)
    version = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=120)
    xform = models.TextField()
    itemsets = models.TextField(blank=True)
    digest = models.CharField(max_length=32)
    source = models.CharField(max_length=200)
    loaded_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="form_version_once"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(ended_at__isnull=True), name="form_one_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


class Report(models.Model):
    """A statement by somebody about a thing, by a form. What came in is kept as it came; a
    correction is a report of its own that says which one it follows. ``due_at`` is the moment of
    the plan that it answers; ``at`` is when it was made, which may be long before it came."""

    form = models.ForeignKey(Form, models.PROTECT)
    instance = models.CharField(max_length=80, unique=True)
    follows = models.CharField(max_length=80, blank=True, db_index=True)
    current = models.BooleanField(default=True)
    about_kind = models.CharField(max_length=20, blank=True)
    about_key = models.CharField(max_length=60, blank=True)
    plan = models.ForeignKey("ReportPlan", models.SET_NULL, null=True)
    due_at = models.DateTimeField(null=True)
    place = models.ForeignKey(Place, models.PROTECT)
    post = models.ForeignKey(Post, models.PROTECT, null=True)
    by = models.CharField(max_length=120)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    answers = models.JSONField(default=dict)
    xml = models.TextField()
    digest = models.CharField(max_length=64)
    missing_files = models.JSONField(default=list)
    findings = models.JSONField(default=list)
    door = models.CharField(max_length=20)

    class Meta:
        indexes = [
            models.Index(fields=["post", "form", "at"], name="report_by_post_and_form"),
            models.Index(fields=["plan", "due_at"], name="report_by_plan_and_due"),
        ]

    def __str__(self) -> str:
        return f"{self.form.title} {self.by}"

    @property
    def late(self) -> bool:
        """Whether it was made after the moment it answers."""
        return self.due_at is not None and self.at > self.due_at


class ReportFile(models.Model):
    """Something that came with a report: a photo, a recording. The bytes lie in the data folder
    under their digest."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="files")
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    size = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "name", "digest"], name="report_file_once")
        ]

    def __str__(self) -> str:
        return self.name


class ReportPlan(models.Model):
    """Who owes which report by when, by a time of day, every so many days, more often in an
    emergency: posts of a role at places of a kind below a place; or, with ``site_kind``, about each
    site of the kind there a post of that role in the site's organisation, else whoever answers for
    the site. With ``organisation`` only that one."""

    name = models.CharField(max_length=80)
    form_code = models.CharField(max_length=64)
    place = models.ForeignKey(Place, models.PROTECT)
    place_kind = models.CharField(max_length=8, blank=True)
    role = models.CharField(max_length=20)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True)
    site_kind = models.CharField(max_length=20, blank=True)
    headquarters = models.CharField(max_length=20, blank=True)
    due_time = models.TimeField()
    every_days = models.PositiveSmallIntegerField(default=1)
    emergency_every_h = models.PositiveSmallIntegerField(null=True)
    remind_min = models.PositiveSmallIntegerField(default=60)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "place", "valid_from"], name="report_plan_once"
            ),
            models.CheckConstraint(condition=Q(every_days__gte=1), name="report_plan_has_a_pace"),
        ]

    def __str__(self) -> str:
        return self.name


class Device(models.Model):
    """A phone of an office-holder that sends reports without a log-in: by a secret that stands in
    its address and can be taken back."""

    person = models.ForeignKey(OfficeHolder, models.CASCADE)
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.person} {self.made_at:%Y-%m-%d}"


STRANGER = Machine(
    "quarantine",
    states={
        "new": Q(looked_at__isnull=True, adopted_at__isnull=True),
        "looked_at": Q(looked_at__isnull=False, adopted_at__isnull=True),
        "adopted": Q(adopted_at__isnull=False),
    },
    sets={"new": {}, "looked_at": {}, "adopted": {}},
    steps={
        "look": Step(("new", "looked_at"), "looked_at", right="quarantine.adopt"),
        "adopt": Step(("new", "looked_at"), "adopted", right="quarantine.adopt"),
    },
    done=frozenset({"adopted"}),
)
