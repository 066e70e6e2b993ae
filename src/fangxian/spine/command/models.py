"""Proposals, responses, orders and the duty log."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.core.levels import CHOICES, Level
from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.registry.models import Organisation, Person, Place, Post

UNANSWERED = "order.unanswered"


class Response(models.Model):
    """A plan in force for one hazard, of a headquarters at its place; several run side by side,
    each with a level of its own."""

    hazard = models.CharField(max_length=20)
    headquarters = models.ForeignKey(Organisation, models.PROTECT)
    place = models.ForeignKey(Place, models.PROTECT)
    level = models.PositiveSmallIntegerField(choices=CHOICES)
    edition = models.CharField(max_length=40)
    clause = models.CharField(max_length=200)
    document_no = models.CharField(max_length=60)
    started_at = models.DateTimeField()
    level_since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hazard", "place"],
                condition=Q(ended_at__isnull=True),
                name="response_one_per_hazard",
            ),
            models.CheckConstraint(
                condition=~Q(document_no=""), name="response_has_document_number"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="response_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hazard} {Level(self.level).name}"

    @property
    def at_level(self) -> Level:
        return Level(self.level)


class Proposal(models.Model):
    """What a rule proposes, with its evidence. A person decides."""

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        OVERTAKEN = "overtaken"

    hazard = models.CharField(max_length=20)
    place = models.ForeignKey(Place, models.PROTECT)
    levels = models.JSONField()
    from_level = models.PositiveSmallIntegerField(null=True)
    edition = models.CharField(max_length=40)
    clause = models.CharField(max_length=200)
    evidence = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    made_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hazard", "place"], condition=Q(state="open"), name="proposal_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.hazard} {'/'.join(self.levels) or 'end'}"

    @property
    def worst(self) -> Level | None:
        return min((Level[name] for name in self.levels), default=None)

    @property
    def ends(self) -> bool:
        return not self.levels

    @property
    def lowers(self) -> bool:
        worst = self.worst
        return self.from_level is not None and (worst is None or worst > self.from_level)


class Order(models.Model):
    """Thing and area x object x verb x deadline to a post, until verified and closed. It may have
    several reasons: every response that asks for it."""

    class State(models.TextChoices):
        ISSUED = "issued", "已下达"
        DELIVERED = "delivered", "已送达"
        ACKNOWLEDGED = "acknowledged", "已签收"
        REFUSED = "refused", "拒收"
        IN_PROGRESS = "in_progress", "进行中"
        REPORTED = "reported", "已报完成"
        VERIFIED = "verified", "已核验"
        CLOSED = "closed", "已关闭"
        WITHDRAWN = "withdrawn", "已撤销"

    responses = models.ManyToManyField(Response, related_name="orders")
    headquarters = models.ForeignKey(Organisation, models.PROTECT)
    about_kind = models.CharField(max_length=20)
    about_key = models.CharField(max_length=60)
    action = models.CharField(max_length=40, blank=True)
    action_level = models.PositiveSmallIntegerField(null=True)
    hazard = models.CharField(max_length=20)
    level = models.PositiveSmallIntegerField(choices=CHOICES)
    area = models.ForeignKey(Place, models.PROTECT)
    verb = models.CharField(max_length=20)
    verb_en = models.CharField(max_length=40, blank=True)
    object = models.CharField(max_length=120)
    object_en = models.CharField(max_length=200, blank=True)
    exempt = models.CharField(max_length=200, blank=True)
    post = models.ForeignKey(Post, models.PROTECT, related_name="orders")
    issuer = models.ForeignKey(Post, models.PROTECT, null=True, related_name="orders_issued")
    issued_by = models.CharField(max_length=120)
    issued_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    first_deadline_at = models.DateTimeField()
    acknowledge_by = models.DateTimeField()
    answer_min = models.PositiveIntegerField(
        null=True
    )  # of its own, else by the clocks of its level
    chain = models.JSONField(default=list)
    escalated = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=12, choices=State, default=State.ISSUED)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)
    help_wanted_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=120, blank=True)
    informed_at = models.DateTimeField(null=True)
    informed_by = models.CharField(max_length=120, blank=True)
    reported_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hazard", "action", "about_kind", "about_key"],
                condition=~Q(action="") & ~Q(state__in=["closed", "withdrawn"]),
                name="order_one_open_per_action",
            ),
            models.CheckConstraint(
                condition=Q(total=0) | Q(done__lte=F("total")), name="order_done_within_total"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["closed", "withdrawn"]) | Q(closed_at__isnull=False),
                name="order_closed_has_time",
            ),
        ]
        indexes = [models.Index(fields=["state", "deadline_at"], name="order_by_state")]

    def __str__(self) -> str:
        return f"{self.area} {self.verb}{self.object}"

    @property
    def own_posts(self) -> tuple[int | None, ...]:
        """Whose answer answers: the post's, and its deputy's where there is one."""
        deputy = self.chain[0] if self.chain and self.chain[0] not in self.chain[1:] else None
        return (self.post_id, deputy)


PROPOSAL = Machine(
    "proposal",
    **of_column("state", Proposal.State.values),
    steps={
        "accept": Step(("open",), "accepted", right="response.decide", needs=("reason",)),
        "decline": Step(("open",), "declined", right="response.decide", needs=("reason",)),
        "overtake": Step(("open",), "overtaken"),
    },
    done=frozenset({"accepted", "declined", "overtaken"}),
)

WAITING = ("issued", "delivered")
WORKING = ("acknowledged", "in_progress")
ORDER = Machine(
    "order",
    **of_column("state", Order.State.values),
    steps={
        "deliver": Step(("issued",), "delivered"),
        "acknowledge": Step(WAITING, "acknowledged", right="order.answer", stops=(UNANSWERED,)),
        "refuse": Step(
            WAITING, "refused", right="order.answer", needs=("reason",), stops=(UNANSWERED,)
        ),
        "progress": Step(WORKING, "in_progress", right="order.answer"),
        "report": Step(WORKING, "reported", right="order.answer"),
        "send_back": Step(("reported",), "in_progress", right="order.verify", needs=("reason",)),
        "verify": Step(("reported",), "verified", right="order.verify", needs=("second_person",)),
        "close": Step(
            ("reported", "verified"),
            "closed",
            right="order.verify",
            needs=("reason",),
            stops=("*",),
        ),
        "withdraw": Step(
            (*WAITING, *WORKING, "refused"),
            "withdrawn",
            right="order.verify",
            needs=("reason",),
            stops=("*",),
        ),
        "reopen": Step(
            ("closed", "withdrawn"),
            "issued",
            right="order.issue",
            needs=("reason",),
            event="order.reopened",
        ),
        "knock": Step(
            WAITING,
            "acknowledged",
            right="order.issue",
            needs=("reason",),
            stops=(UNANSWERED,),
            event="order.knocked",
        ),
        "reassign": Step(
            (*WAITING, *WORKING, "refused"),
            "issued",
            right="order.issue",
            needs=("reason",),
            event="order.reassigned",
        ),
    },
    done=frozenset({"closed", "withdrawn"}),
    tells=("done", "total"),
    names={value: (label, value) for value, label in Order.State.choices},
)
# The receiver's part is over: what counts as done, everywhere. What was withdrawn is not done.
DONE = ("reported", "verified", "closed")
OVER = ("closed", "withdrawn")


class Plea(models.Model):
    """What a receiver says that somebody must answer: a call for help, "cannot", a refusal, or
    words nobody understood."""

    class Kind(models.TextChoices):
        HELP = "help", "要增援"
        CANNOT = "cannot", "办不了"
        REFUSED = "refused", "拒收"
        UNCLEAR = "unclear", "回复不明"

    order = models.ForeignKey(Order, models.PROTECT, related_name="pleas")
    kind = models.CharField(max_length=8, choices=Kind)
    text = models.CharField(max_length=300)
    person = models.ForeignKey(Person, models.PROTECT, null=True)
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=120, blank=True)
    how = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind"],
                condition=Q(settled_at__isnull=True),
                name="plea_one_open_of_a_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.order}：{self.get_kind_display()}"


PLEA = Machine(
    "plea",
    states={"open": Q(settled_at__isnull=True), "settled": Q(settled_at__isnull=False)},
    sets={"open": {}, "settled": {}},
    steps={
        "settle": Step(("open",), "settled", right="order.issue", needs=("reason",)),
        "drop": Step(("open",), "settled"),
    },
    done=frozenset({"settled"}),
    names={"open": ("待处置", "open"), "settled": ("已处置", "settled")},
)


class LogEntry(models.Model):
    """The duty log: what was said and heard. Entries are never changed, only added to."""

    class Kind(models.TextChoices):
        CALL = "call", "来电"
        NOTE = "note", "记事"

    at = models.DateTimeField()
    kind = models.CharField(max_length=6, choices=Kind)
    unit = models.CharField(max_length=60, blank=True)
    person = models.CharField(max_length=40, blank=True)
    text = models.CharField(max_length=500)
    handling = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.text


class FigureNote(models.Model):
    """What a figure of the strip was at a moment, noted every few minutes: a number is shown with
    its change."""

    code = models.CharField(max_length=40)
    at = models.DateTimeField()
    value = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "at"], name="figure_noted_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.value}"


class Shift(models.Model):
    """A watch at the duty desk."""

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    by = models.CharField(max_length=120)
    summary = models.JSONField(default=dict)
    successor = models.ForeignKey(Person, models.PROTECT, null=True)
    signed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["by"], condition=Q(ended_at__isnull=True), name="shift_one_open_per_seat"
            )
        ]

    def __str__(self) -> str:
        return f"{self.by} {self.started_at}"
