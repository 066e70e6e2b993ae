"""Directives and their items: each sentence of a text from above, who must do what of it by when,
until it is closed or a named person has said that nothing follows of it."""

from django.db import models
from django.db.models import Q

from fangxian.spine.core import clock
from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.registry.models import Place, Post

SIGN_DUE, NEAR, BEHIND, DUE = "item.unsigned", "item.near_due", "item.behind", "item.due"


class Directive(models.Model):
    """A text from above (批示, 会议要求, 通知), as it came. ``repairs`` are broken runs that
    somebody has confirmed: the place in the text and what stood there."""

    class State(models.TextChoices):
        OPEN = "open", "待定"
        SETTLED = "settled", "已交办"
        CLOSED = "closed", "已办结"
        WITHDRAWN = "withdrawn", "已撤回"

    title = models.CharField(max_length=120)
    leader = models.CharField(max_length=60, blank=True)
    document_no = models.CharField(max_length=60, blank=True)
    issued_at = models.DateTimeField()
    place = models.ForeignKey(Place, models.PROTECT)
    text = models.TextField()
    file_name = models.CharField(max_length=120, blank=True)
    repairs = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    entered_at = models.DateTimeField(default=clock.now)
    entered_by = models.CharField(max_length=120)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "entered_at"], name="directive_by_state")]

    def __str__(self) -> str:
        return self.title


class Item(models.Model):
    """One sentence of a directive, [start, end) of its text, and what became of it. A sentence for
    several owners is one item for each."""

    class Kind(models.TextChoices):
        REQUIREMENT = "requirement", "要求"
        MAYBE = "maybe", "可能是要求"
        EXHORTATION = "exhortation", "号召"
        TELLING = "telling", "叙述"

    class State(models.TextChoices):
        PROPOSED = "proposed", "待定"
        DROPPED = "dropped", "不立项"
        ASSIGNED = "assigned", "已交办"
        SIGNED = "signed", "已签收"
        IN_PROGRESS = "in_progress", "办理中"
        REPORTED = "reported", "已报结"
        VERIFIED = "verified", "已核验"
        CLOSED = "closed", "已办结"
        WITHDRAWN = "withdrawn", "已撤回"

    directive = models.ForeignKey(Directive, models.PROTECT, related_name="items")
    number = models.PositiveSmallIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    sentence = models.TextField()
    kind = models.CharField(max_length=12, choices=Kind)
    cue = models.CharField(max_length=12, blank=True)
    headquarters = models.CharField(max_length=20, blank=True)
    owners_in_text = models.JSONField(default=list)
    proposed_lead = models.CharField(max_length=60, blank=True)
    clauses = models.JSONField(default=list)
    limit_text = models.CharField(max_length=60, blank=True)
    doubt = models.CharField(max_length=12, blank=True)
    repeats = models.CharField(max_length=12, blank=True)
    ends_with = models.CharField(max_length=60, blank=True)
    prohibition = models.BooleanField(default=False)
    broken = models.BooleanField(default=False)
    what = models.CharField(max_length=500, blank=True)
    measure = models.CharField(max_length=300, blank=True)
    cover_rule = models.CharField(max_length=40, blank=True)
    post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="items")
    helpers = models.ManyToManyField(Post, related_name="items_helped")
    deadline_at = models.DateTimeField(null=True)
    first_deadline_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=12, choices=State, default=State.PROPOSED)
    decided_by = models.CharField(max_length=120, blank=True)
    decided_post = models.BigIntegerField(null=True)
    assigned_at = models.DateTimeField(null=True)
    sign_by = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    signed_by = models.CharField(max_length=120, blank=True)
    progressed_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)
    proof = models.CharField(max_length=500, blank=True)
    verified_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    letter = models.CharField(max_length=8, blank=True)
    letter_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "dropped"])
                | Q(post__isnull=False, deadline_at__isnull=False) & ~Q(measure=""),
                name="item_has_owner_deadline_measure",
            ),
            models.CheckConstraint(
                condition=~Q(state="dropped") | ~Q(decided_by=""), name="item_dropped_by_somebody"
            ),
            models.CheckConstraint(condition=Q(end__gt=models.F("start")), name="item_has_a_span"),
        ]
        indexes = [models.Index(fields=["state", "deadline_at"], name="item_by_state")]

    def __str__(self) -> str:
        return f"{self.directive.title} {self.number}"

    @property
    def is_late(self) -> bool:
        """Past its deadline and not reported done."""
        return (
            self.state in WORKING
            and self.deadline_at is not None
            and self.deadline_at < clock.now()
        )


OPEN = ("assigned", "signed", "in_progress", "reported", "verified")
WORKING = ("assigned", "signed", "in_progress")
OVER = ("dropped", "closed", "withdrawn")
DIRECTIVE = Machine(
    "directive",
    **of_column("state", Directive.State.values),
    steps={
        "settle": Step(("open",), "settled"),
        "close": Step(("settled",), "closed", right="directive.write"),
        "withdraw": Step(
            ("open", "settled"), "withdrawn", right="directive.write", needs=("reason",)
        ),
        "reopen": Step(("closed", "settled"), "open", event="directive.entered"),
    },
    done=frozenset({"closed", "withdrawn"}),
    names={value: (label, value) for value, label in Directive.State.choices},
)
ITEM = Machine(
    "item",
    **of_column("state", Item.State.values),
    steps={
        "assign": Step(("proposed", "dropped"), "assigned", right="directive.write"),
        "drop": Step(("proposed",), "dropped", right="directive.write"),
        "sign": Step(("assigned",), "signed", right="order.answer", stops=(SIGN_DUE,)),
        "progress": Step(
            ("signed", "in_progress"), "in_progress", right="order.answer", stops=(BEHIND,)
        ),
        "report": Step(
            ("signed", "in_progress"),
            "reported",
            right="order.answer",
            needs=("reason",),
            stops=(NEAR, BEHIND, DUE),
        ),
        "send_back": Step(
            ("reported", "verified"),
            "in_progress",
            right="directive.write",
            needs=("reason",),
            event="item.sent_back",
        ),
        "verify": Step(
            ("reported",), "verified", right="directive.write", needs=("second_person",)
        ),
        "close": Step(("verified",), "closed", right="directive.write", stops=("*",)),
        "reopen": Step(
            ("closed", "withdrawn"),
            "in_progress",
            right="directive.write",
            needs=("reason",),
            event="item.reopened",
        ),
        "transfer": Step(
            WORKING,
            "assigned",
            right="directive.write",
            needs=("reason",),
            stops=("*",),
            event="item.transferred",
        ),
        "withdraw": Step(
            ("proposed", *OPEN),
            "withdrawn",
            right="directive.write",
            needs=("reason",),
            stops=("*",),
        ),
    },
    done=frozenset({"dropped", "closed", "withdrawn"}),
    names={value: (label, value) for value, label in Item.State.choices},
)
