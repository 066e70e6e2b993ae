"""Lots of imported goods with their gates, papers and certificates; what customs declared."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.registry.models import Place, Site


class Declaration(models.Model):
    """What customs says came in: so many lots, so heavy, to be met by lots that arrive."""

    number = models.CharField(max_length=40, unique=True)
    goods = models.CharField(max_length=60)
    country = models.CharField(max_length=40, blank=True)
    importer = models.CharField(max_length=80, blank=True)
    lots = models.PositiveIntegerField()
    weight_kg = models.FloatField()
    containers = models.JSONField(default=list)
    place = models.ForeignKey(Place, models.PROTECT)  # where the goods go
    declared_at = models.DateTimeField()
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(lots__gte=1), name="declaration_has_lots"),
            models.CheckConstraint(condition=Q(weight_kg__gt=0), name="declaration_weighs"),
        ]

    def __str__(self) -> str:
        return f"{self.goods} {self.number}"


class Lot(models.Model):
    """One lot, or a part of one: where it is and through which gate it came last. ``seal`` stands
    beside the gates: what is sealed passes none."""

    EVENT_KIND = "cold_lot"

    class State(models.TextChoices):
        ANNOUNCED = "announced", "已预报"
        APPOINTED = "appointed", "已预约"
        PAPERS = "papers", "四证齐"
        UNLOADED = "unloaded", "已卸货"
        SAMPLED = "sampled", "已采样"
        CLEARED = "cleared", "检测阴性"
        DISINFECTED = "disinfected", "已消毒"
        CERTIFIED = "certified", "已出证"
        RELEASED = "released", "已放行"
        DIVIDED = "divided", "已分割加工"
        DESTROYED = "destroyed", "已销毁"
        RETURNED = "returned", "已退运"

    number = models.CharField(max_length=40, unique=True)
    epc = models.CharField(max_length=120, unique=True)
    declaration = models.ForeignKey(Declaration, models.PROTECT, null=True, related_name="arrived")
    goods = models.CharField(max_length=60)
    country = models.CharField(max_length=40, blank=True)
    maker = models.CharField(max_length=60, blank=True)
    batch = models.CharField(max_length=40, blank=True)
    container = models.CharField(max_length=20, blank=True)
    packages = models.PositiveIntegerField(default=1)
    weight_kg = models.FloatField()
    imported = models.BooleanField(default=True)
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="cold_lots")
    place = models.ForeignKey(Place, models.PROTECT, related_name="cold_lots")
    state = models.CharField(max_length=12, choices=State, default=State.ANNOUNCED)
    state_at = models.DateTimeField()
    state_by = models.CharField(max_length=120, blank=True)
    passed_by = models.BigIntegerField(null=True)  # the post that passed the last gate
    seal = models.CharField(max_length=6, blank=True, default="")
    sealed_at = models.DateTimeField(null=True)
    sealed_why = models.CharField(max_length=200, blank=True)
    by_hand = models.BooleanField(default=False)  # the seal: no correction of a result opens it
    expected_at = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True)  # by customs
    entered_on = models.DateField(null=True)  # imported on, for reviews of old stock
    made_at = models.DateTimeField()
    # what the test proves: negative tubes, and the share that stays possible at that surety
    tubes = models.PositiveIntegerField(default=0)
    possible = models.FloatField(null=True)
    sure = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weight_kg__gte=0), name="lot_weighs"),
            models.CheckConstraint(condition=Q(packages__gte=1), name="lot_has_packages"),
            models.CheckConstraint(condition=Q(seal__in=("", "sealed")), name="lot_seal_known"),
        ]
        indexes = [
            models.Index(fields=["state", "state_at"], name="lot_by_state"),
            models.Index(fields=["maker", "batch"], name="lot_by_batch"),
            models.Index(fields=["site", "state"], name="lot_by_site"),
        ]

    def __str__(self) -> str:
        return f"{self.goods} {self.number}"


GATES = ("appoint", "check", "unload", "sample", "clear", "disinfect", "certify", "release")
_S = Lot.State
DONE = (_S.DIVIDED, _S.DESTROYED, _S.RETURNED)
_WAYS = zip(
    GATES,
    (_S.ANNOUNCED, _S.APPOINTED, _S.PAPERS, _S.UNLOADED, _S.SAMPLED, _S.CLEARED, _S.DISINFECTED,
     _S.CERTIFIED),
    (_S.APPOINTED, _S.PAPERS, _S.UNLOADED, _S.SAMPLED, _S.CLEARED, _S.DISINFECTED, _S.CERTIFIED,
     _S.RELEASED),
    strict=True,
)  # fmt: skip
LOT = Machine(
    "lot",
    **of_column("state", _S.values),
    steps={
        **{verb: Step((a,), b, right="lot.pass") for verb, a, b in _WAYS},
        # the way back: another sample after a spoilt one, another test of old stock
        "resample": Step(
            (_S.SAMPLED, _S.CLEARED, _S.DISINFECTED, _S.CERTIFIED, _S.RELEASED),
            _S.UNLOADED,
            right="lot.manage",
            needs=("reason",),
        ),
        "divide": Step(
            (_S.UNLOADED, _S.SAMPLED, _S.CLEARED, _S.DISINFECTED, _S.CERTIFIED, _S.RELEASED),
            _S.DIVIDED,
            right="lot.pass",
        ),
        "destroy": Step(
            tuple(s for s in _S.values if s not in DONE),
            _S.DESTROYED,
            right="lot.manage",
            needs=("reason", "second_person"),
        ),
        "return": Step(
            tuple(s for s in _S.values if s not in DONE),
            _S.RETURNED,
            right="lot.manage",
            needs=("reason", "second_person"),
        ),
    },
    done=frozenset(DONE),
    tells=("seal",),
)
NEXT = {step.sources[0]: verb for verb, step in LOT.steps.items() if verb in GATES}
SEAL = Machine(
    "lot_seal",
    **of_column("seal", ("", "sealed")),
    steps={
        "seal": Step(("",), "sealed", right="lot.seal", needs=("reason",), event="lot.sealed"),
        "open": Step(("sealed",), "", right="lot.seal", needs=("reason",), event="lot.unsealed"),
    },
    names={"": ("未封存", "not sealed"), "sealed": ("已封存", "sealed")},
    tells=("state",),
)


class LotLink(models.Model):
    """A lot out of another: split, merged, packed again, processed."""

    class How(models.TextChoices):
        SPLIT = "split", "分割"
        MERGE = "merge", "合并"
        REPACK = "repack", "换包装"
        PROCESS = "process", "加工"

    parent = models.ForeignKey(Lot, models.PROTECT, related_name="parts")
    child = models.ForeignKey(Lot, models.PROTECT, related_name="sources")
    how = models.CharField(max_length=8, choices=How)
    weight_kg = models.FloatField()  # of the parent that went in
    at = models.DateTimeField()
    by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parent", "child"], name="lot_linked_once"),
            models.CheckConstraint(condition=~Q(parent=F("child")), name="lot_not_of_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.parent} → {self.child}"


class Visit(models.Model):
    """A lot at a site from when to when."""

    lot = models.ForeignKey(Lot, models.CASCADE, related_name="visits")
    site = models.ForeignKey(Site, models.PROTECT, related_name="lot_visits")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    weight_kg = models.FloatField()  # when it came, or was made there
    left_kg = models.FloatField(null=True)  # when it went; none: there, or it became other lots
    made_here = models.BooleanField(default=False)  # out of lots that lay there: nothing came in
    by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lot"], condition=Q(until__isnull=True), name="lot_at_one_site"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="lotvisit_ends_after_start",
            ),
        ]
        indexes = [models.Index(fields=["site", "since"], name="lotvisit_by_site")]

    def __str__(self) -> str:
        return f"{self.lot} @ {self.site}"


class Paper(models.Model):
    """One paper of a lot as it was handed in; the file by its hash. One that was replaced stays."""

    class Kind(models.TextChoices):
        CUSTOMS = "customs", "报关单"
        QUARANTINE = "quarantine", "检验检疫证明"
        NUCLEIC = "nucleic", "核酸检测证明"
        DISINFECTION = "disinfection", "消毒证明"

    lot = models.ForeignKey(Lot, models.CASCADE, related_name="papers")
    kind = models.CharField(max_length=12, choices=Kind)
    number = models.CharField(max_length=60, blank=True)
    name = models.CharField(max_length=120, blank=True)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveIntegerField(default=0)
    content = models.BinaryField(default=b"")
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lot", "kind"],
                condition=Q(replaced_at__isnull=True),
                name="paper_once_of_a_kind",
            ),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="paper_hash"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}".strip()


class Certificate(models.Model):
    """The exit certificate of a lot: what it says, signed; revoked or not."""

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="certificates")
    serial = models.CharField(max_length=24, unique=True)
    body = models.JSONField()
    signature = models.CharField(max_length=100)
    key = models.CharField(max_length=8)
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=120)
    revoked_at = models.DateTimeField(null=True)
    revoked_why = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["revoked_at"], name="certificate_by_revoked")]

    def __str__(self) -> str:
        return self.serial


class Scan(models.Model):
    """One look at a certificate on a market: what was scanned, what stood against it."""

    EVENT_KIND = "cold_scan"

    instance = models.CharField(max_length=80, unique=True)
    code = models.CharField(max_length=700)
    lot = models.ForeignKey(Lot, models.SET_NULL, null=True, related_name="scans")
    site = models.ForeignKey(Site, models.PROTECT, null=True)
    place = models.ForeignKey(Place, models.PROTECT)
    ok = models.BooleanField()
    why = models.JSONField(default=list)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    by = models.CharField(max_length=120)
    settled_at = models.DateTimeField(null=True)
    settled_why = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.code[:20]} {self.at:%m-%d %H:%M}"
