"""What is said against a colour: appeals, and overrides by two persons."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.core.steps import Machine, Step
from fangxian.spine.registry.models import Post

from .people import Arrival


class Appeal(models.Model):
    """Somebody thinks his colour is wrong, and what he was answered."""

    arrival = models.ForeignKey(Arrival, models.CASCADE, related_name="appeals")
    text = models.CharField(max_length=400)
    made_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=120, blank=True)
    answer = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["arrival"], condition=Q(answered_at__isnull=True), name="appeal_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.arrival}"


class Override(models.Model):
    """A looser colour for a time, asked for by one person and confirmed by another."""

    arrival = models.ForeignKey(Arrival, models.CASCADE, related_name="overrides")
    colour = models.CharField(max_length=12)
    reason = models.CharField(max_length=200)
    until = models.DateTimeField()
    asked_at = models.DateTimeField()
    asked_post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="+")
    asked_by = models.CharField(max_length=120)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.CharField(max_length=120, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("asked_at")), name="override_has_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.arrival} {self.colour}"


OVERRIDE = Machine(
    "override",
    states={
        "asked": Q(confirmed_at__isnull=True, ended_at__isnull=True),
        "confirmed": Q(confirmed_at__isnull=False, ended_at__isnull=True),
        "ended": Q(ended_at__isnull=False),
    },
    sets={"asked": {}, "confirmed": {}, "ended": {}},
    steps={
        "confirm": Step(("asked",), "confirmed", right="arrival.release", needs=("second_person",)),
        "end": Step(("asked", "confirmed"), "ended", right="arrival.release", needs=("reason",)),
    },
    done=frozenset({"ended"}),
)
