"""Samples of goods, packing, surroundings and staff; what follows of a positive one."""

from django.db import models
from django.db.models import Q

from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.people.models import Person
from fangxian.spine.registry.models import Place, Site

from .lots import Lot


class Sample(models.Model):
    """One tube: of what, where, sent to whom, what laboratories say."""

    EVENT_KIND = "cold_sample"

    class Of(models.TextChoices):
        LOT = "lot", "货物"
        PACKING = "packing", "外包装"
        ENVIRONMENT = "environment", "环境"
        STAFF = "staff", "从业人员"

    class State(models.TextChoices):
        SAMPLED = "sampled", "待结果"
        NEGATIVE = "negative", "阴性"
        POSITIVE = "positive", "阳性"
        INCONCLUSIVE = "inconclusive", "结果不定"
        BROKEN = "broken", "样本破损"
        LOST = "lost", "样本遗失"
        DIFFER = "differ", "结果矛盾"

    number = models.CharField(max_length=40, unique=True)
    of = models.CharField(max_length=12, choices=Of)
    lot = models.ForeignKey(Lot, models.CASCADE, null=True, related_name="samples")
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="cold_samples")
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="cold_samples")
    place = models.ForeignKey(Place, models.PROTECT)
    laboratory = models.ForeignKey(
        Site, models.PROTECT, null=True, related_name="cold_tubes", limit_choices_to={}
    )
    state = models.CharField(max_length=12, choices=State, default=State.SAMPLED)
    sampled_at = models.DateTimeField()
    sampled_by = models.CharField(max_length=120)
    result_at = models.DateTimeField(null=True)
    results = models.JSONField(default=list)
    note = models.CharField(max_length=200, blank=True)
    instead_of = models.OneToOneField("self", models.SET_NULL, null=True, related_name="again")
    void = models.BooleanField(default=False)  # of a round that was done anew: proves nothing now

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(of__in=("lot", "packing"), lot__isnull=False)
                | Q(of="environment", site__isnull=False)
                | Q(of="staff", person__isnull=False),
                name="sample_is_of_something",
            )
        ]
        indexes = [
            models.Index(fields=["state", "sampled_at"], name="cold_sample_by_state"),
            models.Index(fields=["person", "sampled_at"], name="cold_sample_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.get_of_display()} {self.number}"


_S = Sample.State
SPOILT = (_S.BROKEN, _S.LOST, _S.INCONCLUSIVE, _S.DIFFER)  # to be taken again
_OPEN = (_S.SAMPLED, _S.INCONCLUSIVE, _S.DIFFER)
_GONE = (_S.BROKEN, _S.LOST)  # what was given up and turns out positive counts all the same
SAMPLE = Machine(
    "cold_sample",
    **of_column("state", _S.values),
    steps={
        "negative": Step((*_OPEN, _S.POSITIVE), _S.NEGATIVE),
        "positive": Step((*_OPEN, *_GONE, _S.NEGATIVE), _S.POSITIVE),
        "inconclusive": Step((_S.SAMPLED, _S.DIFFER, _S.POSITIVE, _S.NEGATIVE), _S.INCONCLUSIVE),
        "differ": Step((_S.SAMPLED, _S.INCONCLUSIVE, _S.NEGATIVE, _S.POSITIVE), _S.DIFFER),
        "break": Step((_S.SAMPLED,), _S.BROKEN, right="cold.sample", needs=("reason",)),
        "lose": Step((_S.SAMPLED,), _S.LOST, right="cold.sample", needs=("reason",)),
    },
)


class Positive(models.Model):
    """A positive sample and what hangs on it, until it is closed or taken back."""

    EVENT_KIND = "cold_positive"

    class State(models.TextChoices):
        OPEN = "open", "处置中"
        CLOSED = "closed", "已结案"
        WITHDRAWN = "withdrawn", "已撤回"

    sample = models.OneToOneField(Sample, models.PROTECT, related_name="finding")
    lot = models.ForeignKey(Lot, models.PROTECT, null=True, related_name="positives")
    place = models.ForeignKey(Place, models.PROTECT)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=200, blank=True)
    orders = models.JSONField(default=list)  # the orders it caused, by number

    def __str__(self) -> str:
        return f"{self.lot or self.sample}"


POSITIVE = Machine(
    "cold_positive",
    **of_column("state", Positive.State.values),
    steps={
        "close": Step(("open",), "closed", right="cold.manage", needs=("reason",)),
        "withdraw": Step(("open", "closed"), "withdrawn", needs=("reason",)),
        "reopen": Step(("withdrawn",), "open", event="cold_positive.reopened"),
    },
    done=frozenset({"closed", "withdrawn"}),
)


class PositiveLot(models.Model):
    """A lot that a positive concerns: of the same batch, out of it, or what it came from."""

    class How(models.TextChoices):
        ITSELF = "itself", "阳性批次"
        BATCH = "batch", "同批次"
        FORWARD = "forward", "下游"
        BACK = "back", "上游"

    positive = models.ForeignKey(Positive, models.CASCADE, related_name="lots")
    lot = models.ForeignKey(Lot, models.CASCADE, related_name="concerns")
    how = models.CharField(max_length=8, choices=How)
    sealed = models.BooleanField(default=False)  # by this one

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["positive", "lot"], name="positive_names_a_lot_once")
        ]

    def __str__(self) -> str:
        return f"{self.positive}: {self.lot}"


class PositivePerson(models.Model):
    """Somebody who handled such a lot (1), or met one who did (2): found, tested, let go."""

    class State(models.TextChoices):
        NAMED = "named", "待查找"
        FOUND = "found", "已找到"
        TESTED = "tested", "已采样"
        RELEASED = "released", "已解除"
        CASE = "case", "阳性"
        OFF = "off", "已撤回"

    positive = models.ForeignKey(Positive, models.CASCADE, related_name="people")
    person = models.ForeignKey(Person, models.CASCADE, related_name="of_positives")
    place = models.ForeignKey(Place, models.PROTECT)
    step = models.PositiveSmallIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    how = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.NAMED)
    state_at = models.DateTimeField()
    state_by = models.CharField(max_length=120, blank=True)
    sample = models.ForeignKey(Sample, models.SET_NULL, null=True, related_name="of_people")
    order = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["positive", "person"], name="positive_names_a_person_once"
            ),
            models.CheckConstraint(condition=Q(step__in=(1, 2)), name="positive_step_known"),
        ]

    def __str__(self) -> str:
        return f"{self.person}"
