"""Households that must leave, and each one's way in one evacuation, scan by scan."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.command.models import Order
from fangxian.spine.core.levels import CHOICES
from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.people.models import Person
from fangxian.spine.registry.models import Place, Post, Site


class AtRisk(models.Model):
    """A household below a danger point: who heads it (sealed with the persons), how many, who needs
    help, at which level it leaves, where to. ``tag`` is what its tag says, and nothing of who."""

    EVENT_KIND = "at_risk"

    tag = models.CharField(max_length=20, unique=True)
    place = models.ForeignKey(Place, models.PROTECT)
    head = models.ForeignKey(Person, models.PROTECT, related_name="households_at_risk")
    point = models.ForeignKey(Site, models.PROTECT, related_name="households_at_risk")
    level = models.PositiveSmallIntegerField(choices=CHOICES)
    people = models.PositiveIntegerField()
    helpless = models.PositiveIntegerField(default=0)
    shelter = models.ForeignKey(Site, models.PROTECT, null=True, related_name="expected")
    answers_by = models.ForeignKey("self", models.SET_NULL, null=True, related_name="answers_for")
    note = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(people__gte=1) & Q(helpless__lte=F("people")),
                name="at_risk_people_add_up",
            )
        ]
        indexes = [models.Index(fields=["place", "level"], name="at_risk_by_place")]

    def __str__(self) -> str:
        return self.tag


class Move(models.Model):
    """One household's way under one order: waiting, gone, or why not."""

    class State(models.TextChoices):
        WAITING = "waiting", "未转移"
        MOVED = "moved", "已离家"
        NOBODY = "nobody", "无人在家"
        REFUSED = "refused", "拒绝转移"
        HELP = "help", "需要帮助"
        ARRIVED = "arrived", "已到避灾点"
        RETURNED = "returned", "已返回"

    order = models.ForeignKey(Order, models.PROTECT, related_name="moves")
    household = models.ForeignKey(AtRisk, models.PROTECT, related_name="moves")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    at = models.DateTimeField()
    by = models.CharField(max_length=120, blank=True)
    by_word = models.BooleanField(default=False)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "household"], name="move_once_an_order")
        ]

    def __str__(self) -> str:
        return f"{self.household} {self.get_state_display()}"


class Scan(models.Model):
    """What was said of a tag, as it came: kept whatever it was, taken once."""

    instance = models.CharField(max_length=80, unique=True)
    tag = models.CharField(max_length=40)
    said = models.CharField(max_length=8)
    by_word = models.BooleanField(default=False)
    move = models.ForeignKey(Move, models.PROTECT, null=True, related_name="scans")
    post = models.ForeignKey(Post, models.PROTECT, null=True)
    by = models.CharField(max_length=120)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.tag} {self.said}"


STATES = Move.State
GONE = (STATES.MOVED, STATES.ARRIVED)  # who has come back while it runs is not gone
STILL = (STATES.WAITING, STATES.NOBODY, STATES.REFUSED, STATES.HELP)
# a wrong tap is put right by another; only who is at a shelter is moved from there by its door
ANY = (*STILL, STATES.MOVED, STATES.RETURNED)
MOVE = Machine(
    "move",
    **of_column("state", STATES.values),
    steps={
        "moved": Step(ANY, "moved"),
        "nobody": Step(ANY, "nobody"),
        "refused": Step(ANY, "refused"),
        "help": Step(ANY, "help"),
        "arrived": Step(ANY, "arrived"),
        "returned": Step(("moved", "arrived"), "returned"),
        "left": Step(("arrived",), "moved"),
    },
    done=frozenset({"returned"}),
    tells=("by",),
    names={value: (label, value) for value, label in STATES.choices},
)
