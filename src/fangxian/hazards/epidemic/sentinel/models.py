"""What sentinels counted, day by day; cases; and the looking into of signals."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import Order
from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.observe.models import Report
from fangxian.spine.people.models import Person
from fangxian.spine.registry.models import Place, Site


class Count(models.Model):
    """How many of a syndrome a site counted on a day, of how many. A day that nobody reported has
    no row: it is not zero. ``first`` is what was said first; ``judged`` falls with every change."""

    site = models.ForeignKey(Site, models.PROTECT)
    syndrome = models.CharField(max_length=30)
    day = models.DateField()
    n = models.FloatField()
    of = models.FloatField(null=True)
    first = models.FloatField()
    report = models.ForeignKey(Report, models.PROTECT, null=True)
    judged = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["syndrome", "site", "day"], name="count_once_a_day_at_a_site"
            ),
            models.CheckConstraint(condition=Q(n__gte=0), name="count_is_not_negative"),
        ]
        indexes = [
            models.Index(fields=["day"], condition=Q(judged=False), name="count_to_be_judged"),
            models.Index(fields=["syndrome", "site", "day", "n"], name="count_by_series"),
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.syndrome} {self.day} {self.n:g}"


class Encounter(models.Model):
    """One visit or test that another system told of, and what it counts as. Its number is blinded
    and nobody's name is kept; ``told_at`` is when the newest message about it was made."""

    site = models.ForeignKey(Site, models.PROTECT)
    kind = models.CharField(max_length=10)
    number = models.CharField(max_length=64)
    day = models.DateField()
    told_at = models.DateTimeField()
    counts = models.JSONField(default=list)
    void = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind", "number"], name="encounter_once_at_a_site"
            )
        ]
        indexes = [models.Index(fields=["site", "day"], name="encounter_by_site_and_day")]

    def __str__(self) -> str:
        return f"{self.site} {self.kind} {self.day}"


class Case(models.Model):
    """One case of a notifiable disease in a person, as it is known now."""

    class Status(models.TextChoices):
        SUSPECTED = "suspected"
        CONFIRMED = "confirmed"
        EXCLUDED = "excluded"

    class Origin(models.TextChoices):
        UNKNOWN = "unknown"
        LOCAL = "local"
        IMPORTED = "imported"

    number = models.CharField(max_length=30, unique=True)
    person = models.ForeignKey(Person, models.PROTECT)
    disease = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=Status)
    origin = models.CharField(max_length=10, choices=Origin)
    evidence = models.CharField(max_length=200, blank=True)
    place = models.ForeignKey(Place, models.PROTECT)
    site = models.ForeignKey(Site, models.PROTECT, null=True)
    onset = models.DateField(null=True)
    diagnosed_at = models.DateTimeField()
    reported_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["suspected", "confirmed", "excluded"]),
                name="case_status_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(origin="imported") | ~Q(evidence=""),
                name="case_imported_has_evidence",
            ),
            models.CheckConstraint(
                condition=Q(reported_at__gte=F("diagnosed_at")),
                name="case_reported_after_diagnosis",
            ),
        ]
        indexes = [models.Index(fields=["disease", "reported_at"], name="case_by_disease")]

    def __str__(self) -> str:
        return self.number


class Inquiry(models.Model):
    """The looking into of one signal, from its rise to its outcome; further cases of the same
    outbreak have ``joined`` it. ``order`` is the task by which the first check was called for."""

    class State(models.TextChoices):
        NEW = "new"
        CHECKED = "checked"
        ASSESSED = "assessed"
        CLOSED = "closed"

    signal = models.OneToOneField(Signal, models.PROTECT)
    joined = models.ManyToManyField(Signal, related_name="joins")
    order = models.ForeignKey(Order, models.SET_NULL, null=True)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    verdict = models.CharField(max_length=20, blank=True)
    likelihood = models.PositiveSmallIntegerField(null=True)
    consequence = models.PositiveSmallIntegerField(null=True)
    risk = models.CharField(max_length=20, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    note = models.CharField(max_length=300, blank=True)
    opened_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    assessed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="new") | ~Q(verdict=""), name="inquiry_checked_has_a_verdict"
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | ~Q(outcome=""), name="inquiry_closed_has_an_outcome"
            ),
        ]

    def __str__(self) -> str:
        return str(self.signal)

    @property
    def signals(self) -> list[Signal]:
        """Its own and those that joined, the oldest first."""
        return [self.signal, *self.joined.select_related("place").order_by("started_at", "pk")]


INQUIRY = Machine(
    "inquiry",
    **of_column("state", Inquiry.State.values),
    steps={
        "check": Step(("new", "checked"), "checked", right="inquiry.check"),
        "assess": Step(("checked", "assessed"), "assessed", right="inquiry.assess"),
        "close": Step(("checked", "assessed"), "closed", right="inquiry.assess"),
        "open_again": Step(("closed",), "new", right="inquiry.assess", needs=("reason",)),
    },
    done=frozenset({"closed"}),
    tells=("verdict", "risk", "outcome"),
)
