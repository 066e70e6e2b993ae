"""Teams, stock by lot, shelters, trainings and drills, with the constraints that keep them true."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.people.models import Person
from fangxian.spine.registry.models import Organisation, Place, Post, Site


class Team(models.Model):
    """A team that can be sent: what it can do, where it stands, whom to call. ``headquarters`` are
    those that count on it; one that two count on is there once."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True)
    place = models.ForeignKey(Place, models.PROTECT)
    post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="teams")
    headquarters = models.JSONField(default=list)
    skills = models.JSONField(default=list)
    size = models.PositiveIntegerField()
    vehicles = models.PositiveIntegerField(default=0)
    boats = models.PositiveIntegerField(default=0)
    pumps = models.PositiveIntegerField(default=0)
    ready_min = models.PositiveIntegerField(default=30)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(size__gte=1), name="team_has_people"),
        ]

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A person in a team. A volunteer who walked up is nobody's until somebody vouches for him."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="members")
    person = models.ForeignKey(Person, models.PROTECT, related_name="teams")
    skills = models.JSONField(default=list)
    volunteer = models.BooleanField(default=False)
    entered_by = models.ForeignKey(Post, models.PROTECT, null=True, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    vouched_at = models.DateTimeField(null=True)
    vouched_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "person"],
                condition=Q(until__isnull=True),
                name="member_once_in_a_team",
            )
        ]

    def __str__(self) -> str:
        return f"{self.team} {self.person}"


class Dispatch(models.Model):
    """A team on its way: sent, arrived, back; or broken down, and another goes."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="dispatches")
    place = models.ForeignKey(Place, models.PROTECT)
    about_kind = models.CharField(max_length=20, blank=True)
    about_key = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=8, default="sent")
    km = models.FloatField(null=True)
    by_road = models.BooleanField(default=False)
    sent_at = models.DateTimeField()
    sent_by = models.CharField(max_length=120)
    arrived_at = models.DateTimeField(null=True)
    back_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(
        null=True
    )  # when its people were last asked whether all is well
    heard_at = models.DateTimeField(null=True)  # and when they last answered

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team"], condition=Q(back_at__isnull=True), name="team_out_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.team} → {self.place}"


class Lot(models.Model):
    """Goods of one kind and one lot in one store. Its quantity is the sum of its movements."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="lots")
    goods = models.CharField(max_length=20)
    code = models.CharField(max_length=40)
    quantity = models.FloatField(default=0)
    expires_on = models.DateField(null=True)
    received_at = models.DateTimeField()
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "goods", "code"], name="lot_once_in_a_store"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="lot_never_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.goods} {self.code}"


class Movement(models.Model):
    """So much into a lot or out of it, never changed: with what was there after it, who, why."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", "入库"
        ISSUE = "issue", "出库"
        COUNT = "count", "盘点"
        SENT = "sent", "调出"
        ARRIVED = "arrived", "调入"
        RETURNED = "returned", "退回"
        WRITTEN_OFF = "written_off", "报废"

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=12, choices=Kind)
    quantity = models.FloatField()
    balance = models.FloatField()
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    receipt = models.CharField(max_length=60, blank=True)
    to = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    about_kind = models.CharField(max_length=20, blank=True)
    about_key = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lot", "receipt", "kind"],
                condition=~Q(receipt=""),
                name="movement_once_a_receipt",
            ),
            models.CheckConstraint(condition=~Q(quantity=0), name="movement_moves"),
        ]

    def __str__(self) -> str:
        return f"{self.lot} {self.quantity:+g}"


class Shipment(models.Model):
    """Goods on the road between two stores: gone from the one, not yet in the other."""

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="shipments")
    to = models.ForeignKey(Site, models.PROTECT, related_name="coming")
    quantity = models.FloatField()
    state = models.CharField(max_length=8, default="sent")
    sent_at = models.DateTimeField()
    sent_by = models.CharField(max_length=120)
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="shipment_has_goods")
        ]

    def __str__(self) -> str:
        return f"{self.lot} → {self.to}"


class Agreement(models.Model):
    """A firm that has promised goods, for a time."""

    code = models.CharField(max_length=40, unique=True)
    firm = models.CharField(max_length=80)
    place = models.ForeignKey(Place, models.PROTECT)
    goods = models.CharField(max_length=20)
    quantity = models.FloatField()
    hours = models.FloatField()
    post = models.ForeignKey(Post, models.PROTECT, null=True)
    valid_from = models.DateField()
    valid_to = models.DateField()
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__gt=F("valid_from")), name="agreement_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return f"{self.firm} {self.goods}"


class Training(models.Model):
    """A team was trained in something and that is good until a day."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="trainings")
    skill = models.CharField(max_length=20)
    held_on = models.DateField()
    valid_to = models.DateField()
    people = models.PositiveIntegerField()
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "skill", "held_on"], name="training_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.team} {self.skill}"


class Shelter(models.Model):
    """What a site of the kind shelter can hold, by the three ways it may be used."""

    site = models.OneToOneField(Site, models.CASCADE, related_name="shelter")
    flood = models.PositiveIntegerField()
    contacts = models.PositiveIntegerField(default=0)
    cases = models.PositiveIntegerField(default=0)
    floods_itself = models.BooleanField(default=False)
    wheelchairs = models.BooleanField(default=False)
    power = models.BooleanField(default=False)
    source = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.site.name

    def capacity(self, use: str) -> int:
        return int({"flood": self.flood, "contacts": self.contacts, "cases": self.cases}[use])


class Opening(models.Model):
    """A shelter in use: for one use, by one headquarters, until closed."""

    shelter = models.ForeignKey(Shelter, models.PROTECT, related_name="openings")
    headquarters = models.ForeignKey(Organisation, models.PROTECT)
    use = models.CharField(max_length=8)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=120)
    closed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shelter"], condition=Q(closed_at__isnull=True), name="shelter_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.shelter} {self.use}"


class Stay(models.Model):
    """A household, by its tag, in an open shelter; ``seen_at`` at the last roll-call."""

    opening = models.ForeignKey(Opening, models.PROTECT, related_name="stays")
    tag = models.CharField(max_length=40)
    people = models.PositiveIntegerField()
    in_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    out_at = models.DateTimeField(null=True)
    by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tag"], condition=Q(out_at__isnull=True), name="stay_in_one_shelter"
            )
        ]

    def __str__(self) -> str:
        return f"{self.opening} {self.tag}"


class RollCall(models.Model):
    """Who was there when the roll was called, and which households were not."""

    opening = models.ForeignKey(Opening, models.PROTECT, related_name="rolls")
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    present = models.PositiveIntegerField()
    missing = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.opening} {self.at:%m-%d %H:%M}"


class Drill(models.Model):
    """A drill of a plan: its script of injects, when it was, how it went. ``steps`` are the injects
    as they were given, with what followed; ``log`` is that of its own folder, once brought back."""

    class Kind(models.TextChoices):
        LIVE = "live", "实战"
        TABLE_TOP = "tabletop", "桌面"

    plan = models.CharField(max_length=20)
    headquarters = models.ForeignKey(Organisation, models.PROTECT)
    title = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind)
    script = models.TextField()
    state = models.CharField(max_length=10, default="planned")
    planned_for = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    log = models.JSONField(null=True)

    def __str__(self) -> str:
        return self.title


class Inject(models.Model):
    """One inject as it was given in a drill, and when the step it wants was done."""

    drill = models.ForeignKey(Drill, models.PROTECT, related_name="injects")
    number = models.PositiveIntegerField()
    given_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["drill", "number"], name="inject_once_a_drill")
        ]

    def __str__(self) -> str:
        return f"{self.drill} {self.number}"


DISPATCH = Machine(
    "team",
    **of_column("state", ("sent", "arrived", "back", "broken")),
    steps={
        "arrive": Step(("sent",), "arrived", right="team.send"),
        "return": Step(("sent", "arrived", "broken"), "back", right="team.send"),
        "break_down": Step(("sent",), "broken", right="team.send", needs=("reason",)),
    },
    done=frozenset({"back"}),
)
SHIPMENT = Machine(
    "shipment",
    **of_column("state", ("sent", "arrived", "returned")),
    steps={
        "arrive": Step(("sent",), "arrived", right="stock.move"),
        "turn_back": Step(("sent",), "returned", right="stock.move", needs=("reason",)),
    },
    done=frozenset({"arrived", "returned"}),
)
OPENING = Machine(
    "opening",
    states={"open": Q(closed_at__isnull=True), "closed": Q(closed_at__isnull=False)},
    sets={"open": {}, "closed": {}},
    steps={"close": Step(("open",), "closed", right="shelter.run", needs=("reason",))},
    done=frozenset({"closed"}),
)
MEMBER = Machine(
    "member",
    states={
        "unknown": Q(until__isnull=True, vouched_at__isnull=True),
        "vouched": Q(until__isnull=True, vouched_at__isnull=False),
        "left": Q(until__isnull=False),
    },
    sets={"unknown": {}, "vouched": {}, "left": {}},
    steps={
        "vouch": Step(("unknown",), "vouched", right="team.send", needs=("second_person",)),
        "leave": Step(("unknown", "vouched"), "left", right="team.send", needs=("reason",)),
    },
    done=frozenset({"left"}),
)
DRILL = Machine(
    "drill",
    **of_column("state", ("planned", "running", "done", "broken_off")),
    steps={
        "begin": Step(("planned",), "running", right="drill.run"),
        "finish": Step(("running",), "done", right="drill.run"),
        "bring_back": Step(("planned",), "done", right="drill.run"),
        "bring_back_broken": Step(("planned",), "broken_off", right="drill.run"),
        "break_off": Step(
            ("planned", "running"), "broken_off", right="drill.run", needs=("reason",)
        ),
    },
    done=frozenset({"done", "broken_off"}),
)
