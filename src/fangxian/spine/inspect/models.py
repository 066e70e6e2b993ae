"""Visits to things and places, what was found there, and blind spots somebody accepts."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.command.models import Order
from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.observe.models import Report, ReportFile
from fangxian.spine.registry.models import Place, Post, Site


class Visit(models.Model):
    """Somebody was at a site, or in a place, and said so. ``counts`` is whether it proves that
    somebody looked; ``flags`` are for a person to look at and accuse nobody."""

    site = models.ForeignKey(Site, models.PROTECT, null=True)
    place = models.ForeignKey(Place, models.PROTECT)
    report = models.OneToOneField(Report, models.PROTECT, null=True)
    post = models.ForeignKey(Post, models.PROTECT, null=True)
    by = models.CharField(max_length=120)
    at = models.DateTimeField()
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    far_m = models.FloatField(null=True)
    trouble = models.BooleanField(default=False)
    counts = models.BooleanField(default=True)
    flags = models.JSONField(default=list)
    looked_at = models.DateTimeField(null=True)
    looked_by = models.CharField(max_length=120, blank=True)
    looked_note = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            # partial, since a bare flag in a condition is no seek of its own in SQLite
            models.Index(fields=["site", "at"], condition=Q(counts=True), name="visit_by_site"),
            models.Index(fields=["place", "at"], condition=Q(counts=True), name="visit_by_place"),
            models.Index(fields=["at"], name="visit_by_time"),
            models.Index(fields=["post", "at"], name="visit_by_post"),
            models.Index(
                fields=["at"],
                condition=Q(looked_at__isnull=True) & ~Q(flags=[]),
                name="visit_to_look_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site or self.place} {self.at:%Y-%m-%d}"


class Photo(models.Model):
    """The fingerprint of a picture of a visit, in four bands: two that differ in at most three of
    their bits have one band in common."""

    file = models.OneToOneField(ReportFile, models.CASCADE)
    visit = models.ForeignKey(Visit, models.CASCADE, related_name="photos")
    hash = models.CharField(max_length=16)
    band0 = models.PositiveIntegerField(db_index=True)
    band1 = models.PositiveIntegerField(db_index=True)
    band2 = models.PositiveIntegerField(db_index=True)
    band3 = models.PositiveIntegerField(db_index=True)
    taken_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.hash


class Finding(models.Model):
    """A danger that was found at a thing or place, with the five that its rectification needs:
    measure, money, person, time, plan. The work itself is the order."""

    class State(models.TextChoices):
        FOUND = "found", "待落实"
        RECTIFYING = "rectifying", "整改中"
        CLOSED = "closed", "已销号"
        REFUTED = "refuted", "不成立"

    about_kind = models.CharField(max_length=20)
    about_key = models.CharField(max_length=60)
    place = models.ForeignKey(Place, models.PROTECT)
    what = models.CharField(max_length=300)
    grade = models.CharField(max_length=20)
    threatens = models.PositiveIntegerField(null=True)
    report = models.OneToOneField(Report, models.PROTECT, null=True)
    finder = models.ForeignKey(Post, models.PROTECT, null=True, related_name="findings_found")
    found_by = models.CharField(max_length=120)
    found_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.FOUND)
    measure = models.CharField(max_length=300, blank=True)
    money = models.CharField(max_length=100, blank=True)
    post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="findings")
    deadline_at = models.DateTimeField(null=True)
    plan = models.CharField(max_length=300, blank=True)
    order = models.OneToOneField(Order, models.PROTECT, null=True, related_name="finding")
    planned_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="rectifying")
                | (
                    Q(post__isnull=False, deadline_at__isnull=False, order__isnull=False)
                    & ~Q(measure="")
                    & ~Q(money="")
                    & ~Q(plan="")
                ),
                name="finding_rectified_with_five",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["closed", "refuted"]) | Q(closed_at__isnull=False),
                name="finding_closed_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "deadline_at"], name="finding_by_state"),
            models.Index(fields=["about_kind", "about_key"], name="finding_by_thing"),
        ]

    def __str__(self) -> str:
        return self.what[:60]


class Excuse(models.Model):
    """A blind spot that somebody accepts, by name, for a reason and a time. ``kind`` and ``key``
    name the element of the ground; a place's path accepts every cell and place below it."""

    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    place = models.ForeignKey(Place, models.PROTECT)
    reasons = models.JSONField(default=list)  # of the proof, that are accepted; others still count
    reason = models.CharField(max_length=200)
    by = models.CharField(max_length=120)
    since = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=Q(ended_at__isnull=True), name="excuse_one_open"
            ),
            models.CheckConstraint(
                condition=Q(until__gt=F("since")), name="excuse_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}：{self.reason}"


FINDING = Machine(
    "finding",
    **of_column("state", Finding.State.values),
    steps={
        "plan": Step(("found",), "rectifying", right="finding.manage", event="finding.planned"),
        "refute": Step(
            ("found", "rectifying"),
            "refuted",
            right="finding.manage",
            needs=("reason", "second_person"),
        ),
        "close": Step(("rectifying",), "closed"),
        "take_back": Step(("rectifying",), "found", event="finding.reopened"),
        "reopen": Step(
            ("closed", "refuted"),
            "found",
            right="finding.manage",
            needs=("reason",),
            event="finding.reopened",
        ),
    },
    done=frozenset({"closed", "refuted"}),
    names={value: (label, value) for value, label in Finding.State.choices},
)
VISIT = Machine(
    "visit",
    states={"unseen": Q(looked_at__isnull=True), "seen": Q(looked_at__isnull=False)},
    sets={"unseen": {}, "seen": {}},
    steps={
        "look": Step(
            ("unseen",),
            "seen",
            right="finding.manage",
            needs=("reason", "second_person"),
            event="visit.looked_at",
        )
    },
    done=frozenset({"seen"}),
)
EXCUSE = Machine(
    "excuse",
    states={"in_force": Q(ended_at__isnull=True), "ended": Q(ended_at__isnull=False)},
    sets={"in_force": {}, "ended": {}},
    steps={"end": Step(("in_force",), "ended", right="finding.manage", needs=("reason",))},
    done=frozenset({"ended"}),
)
