"""Situation reports: what they say and from which records, and the files they were sent as."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.command.models import Response
from fangxian.spine.core import clock
from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.registry.models import Organisation


class SitRep(models.Model):
    """One report over [since, until). ``content`` is sections of sentences, each figure with its
    records; ``accepted`` says which figures were taken anew between draft and signature. A number
    is given at signature, so that none is missing and none is there twice."""

    EVENT_KIND = "sitrep"

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        SIGNED = "signed", "已签发"
        SENT = "sent", "已报出"
        DROPPED = "dropped", "作废"

    kind = models.CharField(max_length=12)
    headquarters = models.ForeignKey(Organisation, models.PROTECT, related_name="sitreps")
    response = models.ForeignKey(Response, models.PROTECT, null=True, related_name="sitreps")
    corrects = models.ForeignKey("self", models.PROTECT, null=True, related_name="corrections")
    title = models.CharField(max_length=120)
    since = models.DateTimeField()
    until = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    content = models.JSONField(default=dict)
    accepted = models.JSONField(default=list)
    series = models.CharField(max_length=12)
    year = models.PositiveSmallIntegerField(null=True)
    number = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    drafted_at = models.DateTimeField(default=clock.now)
    drafted_by = models.CharField(max_length=120)
    signed_at = models.DateTimeField(null=True)
    signed_by = models.CharField(max_length=120, blank=True)
    sent_at = models.DateTimeField(null=True)
    sent_to = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["headquarters", "series", "year", "number"],
                condition=Q(number__isnull=False),
                name="sitrep_number_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "dropped"])
                | Q(number__isnull=False, year__isnull=False, signed_at__isnull=False),
                name="sitrep_signed_has_number",
            ),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="sitrep_has_a_span"),
        ]
        indexes = [models.Index(fields=["state", "until"], name="sitrep_by_state")]

    def __str__(self) -> str:
        return self.title

    @property
    def document_no(self) -> str:
        """The number it is cited by."""
        if self.number is None:
            return ""
        return f"{self.headquarters.short}{self.series}〔{self.year}〕{self.number}号"


class Rendering(models.Model):
    """A file a report was signed as, byte for byte."""

    sitrep = models.ForeignKey(SitRep, models.PROTECT, related_name="renderings")
    form = models.CharField(max_length=4)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sitrep", "form"], name="rendering_once_a_form")
        ]

    def __str__(self) -> str:
        return f"{self.sitrep} {self.form}"


class PhoneReport(models.Model):
    """A first report that was made by telephone: to whom, what was said."""

    response = models.ForeignKey(Response, models.PROTECT, related_name="phone_reports")
    at = models.DateTimeField()
    to = models.CharField(max_length=80)
    text = models.CharField(max_length=500)
    by = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.to} {self.at:%H:%M}"


SITREP = Machine(
    "sitrep",
    **of_column("state", SitRep.State.values),
    steps={
        "sign": Step(("draft",), "signed", right="sitrep.sign"),
        "send": Step(("signed",), "sent", right="sitrep.write"),
        "drop": Step(("draft",), "dropped", right="sitrep.write", needs=("reason",)),
    },
    done=frozenset({"sent", "dropped"}),
    names={value: (label, value) for value, label in SitRep.State.choices},
)
