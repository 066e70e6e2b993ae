"""What lies between people under measures and others: hand-overs, scans, letters, checks of
lists."""

from django.db import models
from django.db.models import Q

from fangxian.hazards.epidemic.regimes.models import Listing
from fangxian.spine.command.models import Order
from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.registry.models import Place, Post, Site

from .people import Arrival


class Transfer(models.Model):
    """People on their way from one holder to another: a bus, a car, a walk home."""

    class State(models.TextChoices):
        OFFERED = "offered", "待接收"
        TAKEN = "taken", "已接收"
        PART = "part", "部分接收"
        REFUSED = "refused", "已拒收"
        OFF = "off", "已取消"

    giver = models.ForeignKey(Post, models.PROTECT, related_name="+")
    taker = models.ForeignKey(Post, models.PROTECT, related_name="+")
    to_site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="+")
    place = models.ForeignKey(Place, models.PROTECT)
    vehicle = models.CharField(max_length=40, blank=True)
    planned_at = models.DateTimeField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State, default=State.OFFERED)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=120, blank=True)
    why = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.vehicle} #{self.pk}".strip()


class Passenger(models.Model):
    """One person of a transfer: taken, left behind, or still on the way."""

    transfer = models.ForeignKey(Transfer, models.CASCADE, related_name="passengers")
    arrival = models.ForeignKey(Arrival, models.CASCADE, related_name="ways")
    taken_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["arrival"],
                condition=Q(taken_at__isnull=True, left_at__isnull=True),
                name="passenger_of_one_transfer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.transfer} {self.arrival}"


class Met(models.Model):
    """What a phone said at a port or a checkpoint: which code, what of it. Kept whatever it was,
    taken once."""

    instance = models.CharField(max_length=80, unique=True)
    code = models.CharField(max_length=40)
    said = models.CharField(max_length=8)
    arrival = models.ForeignKey(Arrival, models.SET_NULL, null=True, related_name="scans")
    post = models.ForeignKey(Post, models.PROTECT, null=True)
    by = models.CharField(max_length=120)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.code} {self.said}"


class Letter(models.Model):
    """A letter to another city (协查函): asks to confirm days served there, or hands one over."""

    class State(models.TextChoices):
        SENT = "sent", "已发出"
        RECEIVED = "received", "对方已收"
        ANSWERED = "answered", "已答复"

    arrival = models.ForeignKey(Arrival, models.CASCADE, related_name="letters")
    to = models.CharField(max_length=80)
    asks = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State, default=State.SENT)
    sent_at = models.DateTimeField()
    sent_by = models.CharField(max_length=120)
    received_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.to} {self.arrival}"


class Check(models.Model):
    """A person whom a listed area concerns, to be found by the town that owns him."""

    class State(models.TextChoices):
        OPEN = "open", "待核查"
        DONE = "done", "已核查"
        OFF = "off", "已撤回"

    listing = models.ForeignKey(Listing, models.PROTECT, related_name="checks")
    arrival = models.ForeignKey(Arrival, models.CASCADE, related_name="checks")
    order = models.ForeignKey(Order, models.PROTECT, null=True, related_name="checks")
    how = models.CharField(max_length=10)
    state = models.CharField(max_length=4, choices=State, default=State.OPEN)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=120, blank=True)
    found = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["listing", "arrival"], name="check_once_a_listing")
        ]

    def __str__(self) -> str:
        return f"{self.arrival} {self.listing}"


TRANSFER = Machine(
    "transfer",
    **of_column("state", Transfer.State.values),
    steps={
        "take": Step(("offered", "part"), "taken", stops=("*",)),
        "take_part": Step(("offered", "part"), "part"),
        "refuse": Step(("offered", "part"), "refused", needs=("reason",), stops=("*",)),
        "call_off": Step(("offered", "part"), "off", needs=("reason",), stops=("*",)),
    },
    done=frozenset({"taken", "refused", "off"}),
    names={value: (label, value) for value, label in Transfer.State.choices},
)
LETTER = Machine(
    "letter",
    **of_column("state", Letter.State.values),
    steps={
        "receive": Step(("sent",), "received", right="arrival.manage"),
        "answer": Step(("sent", "received"), "answered", right="arrival.manage"),
    },
    done=frozenset({"answered"}),
)
