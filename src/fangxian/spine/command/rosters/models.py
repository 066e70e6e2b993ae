"""Rosters, who is on them, the turns, leave, and swaps that are asked for."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.registry.models import Person, Post


class Role(models.TextChoices):
    LEADER = "leader", "带班领导"
    MAIN = "main", "主班"
    DEPUTY = "deputy", "副班"


ROLES = {
    "leader": ("带班领导", "leader on duty"),
    "main": ("主班", "main"),
    "deputy": ("副班", "deputy"),
}


class Roster(models.Model):
    """A post of a headquarters that several people sit on in turns, in one role of the watch."""

    post = models.OneToOneField(Post, models.PROTECT, related_name="roster")
    role = models.CharField(max_length=8, choices=Role)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="roster_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return f"{self.post.organisation.short}{self.get_role_display()}"


class Member(models.Model):
    """A person on a roster from day to day, in the order of ``rank``."""

    roster = models.ForeignKey(Roster, models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, models.PROTECT, related_name="rosters")
    rank = models.PositiveSmallIntegerField(default=0)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["roster", "person"], name="roster_member_once"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on")),
                name="roster_member_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.roster} {self.person.name}"


class Turn(models.Model):
    """One turn on duty over [starts_at, ends_at): the ``number``-th seat of a roster; without a
    person it is an empty one. ``level`` is the posture that asked for it beyond peace."""

    roster = models.ForeignKey(Roster, models.PROTECT, related_name="turns")
    number = models.PositiveSmallIntegerField(default=1)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="turns")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    level = models.PositiveSmallIntegerField(null=True)
    digest_at = models.DateTimeField(null=True)  # when its person was told that he is next

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["roster", "starts_at", "number"], name="turn_once_a_seat"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="turn_ends_after_start"
            ),
        ]
        indexes = [
            models.Index(fields=["starts_at", "ends_at"], name="turn_by_time"),
            models.Index(fields=["person", "starts_at"], name="turn_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.roster} {self.starts_at:%Y-%m-%d %H:%M}"


class Leave(models.Model):
    """A person away over [starts_at, ends_at)."""

    class State(models.TextChoices):
        ASKED = "asked", "待批"
        GRANTED = "granted", "已批"
        DECLINED = "declined", "未批"
        WITHDRAWN = "withdrawn", "已撤回"

    person = models.ForeignKey(Person, models.PROTECT, related_name="leaves")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    decided_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="leave_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person.name} {self.starts_at:%m-%d}"


class Swap(models.Model):
    """Somebody asks that another takes his turn, in exchange for one of the other's or for none."""

    class State(models.TextChoices):
        ASKED = "asked", "待批"
        APPROVED = "approved", "已换"
        DECLINED = "declined", "未批"
        WITHDRAWN = "withdrawn", "已撤回"

    turn = models.ForeignKey(Turn, models.CASCADE, related_name="swaps")
    other = models.ForeignKey(Turn, models.CASCADE, null=True, related_name="swapped_for")
    to = models.ForeignKey(Person, models.PROTECT, related_name="swaps_to")
    asked_by = models.ForeignKey(Person, models.PROTECT, related_name="swaps")
    asked_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    decided_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["turn"], condition=Q(state="asked"), name="swap_one_open_a_turn"
            )
        ]

    def __str__(self) -> str:
        return f"{self.turn} → {self.to.name}"


LEAVE = Machine(
    "leave",
    **of_column("state", Leave.State.values),
    steps={
        "grant": Step(("asked",), "granted", right="roster.write"),
        "decline": Step(("asked",), "declined", right="roster.write", needs=("reason",)),
        "withdraw": Step(("asked", "granted"), "withdrawn", needs=("reason",)),
    },
    done=frozenset({"declined", "withdrawn"}),
    names={value: (label, value) for value, label in Leave.State.choices},
)
SWAP = Machine(
    "swap",
    **of_column("state", Swap.State.values),
    steps={
        "approve": Step(("asked",), "approved", right="roster.write"),
        "decline": Step(("asked",), "declined", right="roster.write", needs=("reason",)),
        "withdraw": Step(("asked",), "withdrawn"),
    },
    done=frozenset({"approved", "declined", "withdrawn"}),
    names={value: (label, value) for value, label in Swap.State.choices},
)
