"""Dated rules, the signals they raise and the announcements made of them."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.core.levels import CHOICES, Level
from fangxian.spine.core.steps import Machine, Step
from fangxian.spine.observe.models import Station
from fangxian.spine.registry.models import Place

from .rules import Standing


class Threshold(models.Model):
    """One number of one version of a rule: dated, with its source, for a station, a place and all
    below it, or the whole city."""

    family = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    hazard = models.CharField(max_length=20)
    station = models.ForeignKey(Station, models.CASCADE, null=True, blank=True)
    place = models.ForeignKey(Place, models.PROTECT, null=True, blank=True)
    element = models.CharField(max_length=12)
    window_s = models.PositiveIntegerField(default=0)
    mark = models.CharField(max_length=20, blank=True)
    level = models.PositiveSmallIntegerField(choices=CHOICES)
    value = models.FloatField()
    unit = models.CharField(max_length=12)
    action = models.CharField(max_length=60, blank=True)
    season_from = models.CharField(max_length=4, blank=True)
    season_to = models.CharField(max_length=4, blank=True)
    dead_band = models.FloatField(default=0)
    hold_s = models.PositiveIntegerField(default=0)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    source = models.CharField(max_length=200)
    verified = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_to__gt=F("valid_from")),
                name="threshold_ends_after_start",
            ),
            models.CheckConstraint(condition=~Q(source=""), name="threshold_names_its_source"),
        ]

    def __str__(self) -> str:
        return f"{self.family} {self.version} {self.mark or self.window_s} ≥ {self.value}"


class Signal(models.Model):
    """A rule's finding about a thing at a place, from its rise to its fall. ``sure_level`` is what
    trusted readings say; while it is less than ``level``, the signal is to be confirmed."""

    hazard = models.CharField(max_length=20)
    family = models.CharField(max_length=40)
    about_kind = models.CharField(max_length=20)
    about_key = models.CharField(max_length=60)
    about_name = models.CharField(max_length=80)
    place = models.ForeignKey(Place, models.PROTECT)
    level = models.PositiveSmallIntegerField(choices=CHOICES)
    worst_level = models.PositiveSmallIntegerField(choices=CHOICES)
    sure_level = models.PositiveSmallIntegerField(choices=CHOICES, null=True)
    value = models.FloatField(null=True)
    evidence = models.JSONField(default=dict)
    rule = models.CharField(max_length=80)
    group = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    observed_at = models.DateTimeField()
    worsened_at = models.DateTimeField()
    below_since = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=200, blank=True)
    shelved_until = models.DateTimeField(null=True)
    announced_level = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["family", "about_kind", "about_key"],
                condition=Q(cleared_at__isnull=True),
                name="signal_one_active_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(worst_level__lte=F("level")), name="signal_worst_is_worst"
            ),
        ]
        indexes = [
            models.Index(fields=["cleared_at", "level"], name="signal_by_state"),
            models.Index(fields=["about_kind", "about_key"], name="signal_by_thing"),
        ]

    def __str__(self) -> str:
        return f"{self.about_name} {Level(self.level).name}"

    @property
    def about(self) -> tuple[str, str]:
        return self.about_kind, self.about_key

    @property
    def at_level(self) -> Level:
        return Level(self.level)

    @property
    def to_confirm(self) -> bool:
        return self.sure_level != self.level

    @property
    def standing(self) -> Standing:
        sure = Level(self.sure_level) if self.sure_level else None
        return Standing(self.at_level, Level(self.worst_level), self.below_since, sure)


SIGNAL = Machine(
    "signal",
    states={
        "waiting": Q(cleared_at__isnull=True, acknowledged_at__isnull=True),
        "acknowledged": Q(cleared_at__isnull=True, acknowledged_at__isnull=False),
        "cleared": Q(cleared_at__isnull=False),
    },
    sets={"waiting": {}, "acknowledged": {}, "cleared": {}},
    steps={
        "acknowledge": Step(("waiting",), "acknowledged", right="signal.acknowledge"),
        "keep": Step(
            ("acknowledged",), "acknowledged", right="signal.acknowledge", event="signal.kept"
        ),
        "clear": Step(("waiting", "acknowledged"), "cleared", stops=("*",)),
        "withdraw": Step(("waiting", "acknowledged"), "cleared", stops=("*",)),
    },
    done=frozenset({"cleared"}),
    names={
        "waiting": ("待签收", "waiting"),
        "acknowledged": ("已签收", "acknowledged"),
        "cleared": ("已解除", "cleared"),
    },
)
# Putting a signal aside is a life of its own beside the other: it ends by time or by worsening.
SHELF = Machine(
    "signal",
    states={
        "shown": Q(cleared_at__isnull=True, shelved_until__isnull=True),
        "shelved": Q(cleared_at__isnull=True, shelved_until__isnull=False),
    },
    sets={"shown": {}, "shelved": {}},
    steps={
        "shelve": Step(("shown", "shelved"), "shelved", right="signal.shelve", needs=("reason",)),
    },
    names={"shown": ("在列", "shown"), "shelved": ("已搁置", "shelved")},
)


class Announcement(models.Model):
    """One thing said aloud to the duty desk: at most one a minute, whatever the storm."""

    at = models.DateTimeField(db_index=True)
    level = models.PositiveSmallIntegerField(choices=CHOICES)
    signals = models.ManyToManyField(Signal, related_name="announcements")
    reds = models.PositiveIntegerField(default=0)
    groups = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.at} {Level(self.level).name} {len(self.groups)}"
