"""Vessels, their crews and trips; patrols; tip-offs, whose reporters are sealed apart."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.people.models import Person
from fangxian.spine.ready.models import Team
from fangxian.spine.registry.models import Place, Post, Site


class Vessel(models.Model):
    """A vessel of the city, or one that was found here. ``three_no``: without name, certificate
    and port of registry."""

    EVENT_KIND = "sea_vessel"

    number = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=60, blank=True)
    kind = models.CharField(max_length=12)  # class, of the dated set sea_rules
    mmsi = models.BigIntegerField(null=True, unique=True)
    beidou = models.CharField(max_length=20, blank=True)
    port = models.ForeignKey(Site, models.PROTECT, null=True, related_name="vessels")
    place = models.ForeignKey(Place, models.PROTECT)
    owner = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="owns_vessels")
    post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="vessels")
    length_m = models.FloatField(null=True)
    people = models.PositiveSmallIntegerField(default=1)  # that she may carry
    three_no = models.BooleanField(default=False)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(mmsi__isnull=True) | Q(mmsi__gte=1, mmsi__lte=999_999_999),
                name="vessel_mmsi_has_nine_digits",
            ),
            models.CheckConstraint(
                condition=Q(length_m__isnull=True) | Q(length_m__gt=0), name="vessel_has_length"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}".strip()


class Crew(models.Model):
    """Somebody who sails on a vessel, from when to when."""

    vessel = models.ForeignKey(Vessel, models.CASCADE, related_name="crew")
    person = models.ForeignKey(Person, models.CASCADE, related_name="sails_on")
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["vessel", "person"], condition=Q(until__isnull=True), name="crew_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.vessel.number}"


class Trip(models.Model):
    """A vessel at sea, from the report that she left to the report that she is in. What became of
    everybody aboard stands with it."""

    EVENT_KIND = "sea_trip"

    vessel = models.ForeignKey(Vessel, models.PROTECT, related_name="trips")
    out_at = models.DateTimeField()
    out_port = models.ForeignKey(Site, models.PROTECT, null=True, related_name="trips_out")
    out_by = models.CharField(max_length=120)
    out_door = models.CharField(max_length=8)  # page, text, table
    ground = models.CharField(max_length=60, blank=True)
    due_at = models.DateTimeField()
    in_at = models.DateTimeField(null=True)
    in_port = models.ForeignKey(Site, models.PROTECT, null=True, related_name="trips_in")
    in_by = models.CharField(max_length=120, blank=True)
    in_door = models.CharField(max_length=8, blank=True)
    extra = models.PositiveSmallIntegerField(default=0)  # came in and had not gone out
    missing = models.PositiveSmallIntegerField(default=0)  # went out and did not come in
    settled_at = models.DateTimeField(null=True)  # the difference was looked into
    settled_why = models.CharField(max_length=200, blank=True)
    recalled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["vessel"], condition=Q(in_at__isnull=True), name="vessel_out_once"
            ),
            models.CheckConstraint(
                condition=Q(in_at__isnull=True) | Q(in_at__gte=F("out_at")),
                name="trip_ends_after_start",
            ),
        ]
        indexes = [models.Index(fields=["in_at", "due_at"], name="trip_by_due")]

    def __str__(self) -> str:
        return f"{self.vessel.number} {self.out_at:%m-%d %H:%M}"


class Aboard(models.Model):
    """Somebody on a trip: went out, came in, was found fit before."""

    trip = models.ForeignKey(Trip, models.CASCADE, related_name="aboard")
    person = models.ForeignKey(Person, models.CASCADE, related_name="trips")
    out = models.BooleanField(default=True)
    came_in = models.BooleanField(null=True)  # None until she is in
    gate = models.JSONField(default=list)  # what spoke against him before sea, or nobody knew

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["trip", "person"], name="aboard_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.trip}"


class Patrol(models.Model):
    """A round of a team, planned and gone: along which pieces of the shore, in which hours."""

    EVENT_KIND = "sea_patrol"

    class Kind(models.TextChoices):
        BOAT = "boat", "巡逻艇"
        FOOT = "foot", "步行"
        DRONE = "drone", "无人机"
        CAMERA = "camera", "摄像头"

    class State(models.TextChoices):
        PLANNED = "planned", "已计划"
        GOING = "going", "进行中"
        DONE = "done", "已完成"
        OFF = "off", "未去"

    kind = models.CharField(max_length=8, choices=Kind)
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="patrols")
    post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="patrols")
    place = models.ForeignKey(Place, models.PROTECT)
    state = models.CharField(max_length=8, choices=State, default=State.PLANNED)
    pieces = models.JSONField(default=list)  # codes of pieces of the shore
    since = models.DateTimeField()
    until = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    seen = models.TextField(blank=True)
    nm = models.FloatField(null=True)  # nautical miles
    boarded = models.PositiveSmallIntegerField(default=0)
    planned_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="patrol_takes_time"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("begun_at")),
                name="patrol_ends_after_start",
            ),
        ]
        indexes = [models.Index(fields=["state", "since"], name="patrol_by_state")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.since:%m-%d %H:%M}"


PATROL = Machine(
    "sea_patrol",
    **of_column("state", Patrol.State.values),
    steps={
        "begin": Step(("planned",), "going", right="patrol.log"),
        "end": Step(("planned", "going"), "done", right="patrol.log"),
        "drop": Step(("planned", "going"), "off", right="patrol.log", needs=("reason",)),
    },
    done=frozenset({"done", "off"}),
)


class Tip(models.Model):
    """What somebody told. Who he is stands in the vault alone; here he is a code."""

    EVENT_KIND = "sea_tip"

    class State(models.TextChoices):
        NEW = "new", "待核"
        TRUE = "true", "属实"
        FALSE = "false", "不实"
        UNSURE = "unsure", "无法核实"

    code = models.CharField(max_length=12, unique=True)
    place = models.ForeignKey(Place, models.PROTECT)
    text = models.TextField()
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    told_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.NEW)
    state_at = models.DateTimeField()
    state_by = models.CharField(max_length=120, blank=True)
    same_as = models.ForeignKey("self", models.PROTECT, null=True, related_name="later")
    reward_cny = models.PositiveIntegerField(null=True)
    reward_rule = models.CharField(max_length=120, blank=True)
    proposed_by = models.BigIntegerField(null=True)  # the post that proposed the reward
    paid_at = models.DateTimeField(null=True)
    paid_by = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [models.Index(fields=["state", "told_at"], name="tip_by_state")]

    def __str__(self) -> str:
        return self.code


TIP = Machine(
    "sea_tip",
    **of_column("state", Tip.State.values),
    steps={
        "confirm": Step(("new", "unsure", "false"), "true", right="tip.check", needs=("reason",)),
        "reject": Step(("new", "unsure", "true"), "false", right="tip.check", needs=("reason",)),
        "doubt": Step(("new",), "unsure", right="tip.check", needs=("reason",)),
    },
)


class Reporter(models.Model):
    """The vault: who told, sealed under a purpose of its own, and the hash of his word."""

    EVENT_KIND = "sea_reporter"

    tip = models.OneToOneField(Tip, models.CASCADE, related_name="reporter")
    sealed = models.BinaryField(default=b"")
    word = models.CharField(max_length=64)  # of the word by which he fetches the reward
    tries = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.tip.code}"


class Found(models.Model):
    """Somebody found at the shore or at sea: who took him there, to which arrival he became."""

    EVENT_KIND = "sea_found"

    person = models.ForeignKey(Person, models.PROTECT, related_name="found_at_shore")
    arrival = models.BigIntegerField()
    place = models.ForeignKey(Place, models.PROTECT)
    vessel = models.ForeignKey(Vessel, models.SET_NULL, null=True)
    tip = models.ForeignKey(Tip, models.SET_NULL, null=True)
    signal = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    note = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.person} {self.at:%m-%d %H:%M}"
