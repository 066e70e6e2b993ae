"""Dated places, sites, posts, people, terms, duties, and the constraints that keep them true."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from fangxian.spine.core import clock
from fangxian.spine.core.steps import Machine, Step, of_column


class Place(models.Model):
    """A dated node of the tree city, county, town, village, grid, in the order of ``Kind``."""

    class Kind(models.TextChoices):
        CITY = "city"
        COUNTY = "county"
        TOWN = "town"
        VILLAGE = "village"
        GRID = "grid"

    code = models.CharField(max_length=12)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=Kind)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    path = models.CharField(max_length=60, db_index=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    successor = models.ForeignKey("self", models.PROTECT, null=True, related_name="predecessors")
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    position_synthetic = models.BooleanField(default=False)
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="place_code_once_a_day"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_to__gt=F("valid_from")),
                name="place_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def ancestor(self, kind: str) -> "Place | None":
        """The place of a kind that this one is or lies in; None where the tree has none."""
        place: Place | None = self
        while place is not None and place.kind != kind:
            place = place.parent
        return place

    def name_on(self, day: date) -> str:
        """The name in force on ``day``: before a change of code, the predecessor's."""
        if self.valid_from and day < self.valid_from:
            for old in self.predecessors.all():
                return old.name_on(day)
        return self.name


class Organisation(models.Model):
    """A headquarters, a department, a government, or an institution (hospital, school, firm). A
    headquarters has a kind of its own (``core.hazards`` says which hazards that is) and a place:
    its level is that of the place."""

    class Kind(models.TextChoices):
        HEADQUARTERS = "headquarters"
        DEPARTMENT = "department"
        GOVERNMENT = "government"
        INSTITUTION = "institution"

    name = models.CharField(max_length=80, unique=True)
    name_en = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=12, choices=Kind)
    place = models.ForeignKey(Place, models.PROTECT)
    headquarters = models.CharField(max_length=20, blank=True)
    short_name = models.CharField(max_length=20, blank=True)
    duty_phone = models.CharField(max_length=30, blank=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    synthetic = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["headquarters", "place"],
                condition=~Q(headquarters=""),
                name="headquarters_once_per_place",
            ),
            models.CheckConstraint(
                condition=Q(kind="headquarters") | Q(headquarters=""),
                name="headquarters_is_one",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def short(self) -> str:
        """What stands in 【】 at the head of a text."""
        return self.short_name or self.name


class Site(models.Model):
    """A thing at a place that somebody answers for: station, reservoir, shelter, hospital, port …
    Which kinds there are and what each must have is a dated set (``sites.py``). A subject that
    keeps more of a kind has a table of its own, one to one with this."""

    kind = models.CharField(max_length=20)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    former_names = models.CharField(max_length=200, blank=True)
    place = models.ForeignKey(Place, models.PROTECT)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    shape = models.JSONField(null=True)
    position_source = models.CharField(max_length=200, blank=True)
    position_synthetic = models.BooleanField(default=False)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    successor = models.ForeignKey("self", models.PROTECT, null=True, related_name="predecessors")
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "code"], name="site_code_once_per_kind"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_to__gt=F("valid_from")),
                name="site_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(lon__isnull=True, lat__isnull=True)
                | Q(lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90),
                name="site_lies_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """A seat of an organisation at a place; it stays when people change."""

    organisation = models.ForeignKey(Organisation, models.PROTECT)
    place = models.ForeignKey(Place, models.PROTECT)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=20)
    superior = models.ForeignKey("self", models.PROTECT, null=True, related_name="inferiors")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "place", "name"], name="post_once_in_organisation"
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation.name}{self.name}"


class Person(models.Model):
    """An office-holder. The phone is kept encrypted; reading it is recorded. ``code`` is the
    staff number that tables name him by."""

    code = models.CharField(max_length=30, blank=True)
    name = models.CharField(max_length=40)
    phone_sealed = models.BinaryField(default=b"")
    phone_masked = models.CharField(max_length=20, blank=True)
    email = models.EmailField(blank=True)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    gone_at = models.DateTimeField(null=True)  # died or cannot act, as somebody said
    synthetic = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code"], condition=~Q(code=""), name="person_code_once")
        ]

    def __str__(self) -> str:
        return self.name


class Term(models.Model):
    """A person on a post over the half-open span [starts_at, ends_at)."""

    class Kind(models.TextChoices):
        HOLDER = "holder"
        INTERIM = "interim"

    post = models.ForeignKey(Post, models.PROTECT, related_name="terms")
    person = models.ForeignKey(Person, models.PROTECT, related_name="terms")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.HOLDER)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="term_ends_after_start",
            ),
            models.UniqueConstraint(
                fields=["post"], condition=Q(ends_at__isnull=True), name="term_one_open_per_post"
            ),
        ]
        indexes = [models.Index(fields=["post", "starts_at"], name="term_by_post")]

    def __str__(self) -> str:
        return f"{self.person} {self.post}"


# the roles in which somebody answers for every place, and for a thing whose kind says nothing else
ROLES_OF_PLACES = ("A", "B", "department")


class Duty(models.Model):
    """A post answers for a thing in a role. Without a post, or a post without a holder, the
    duty is a gap."""

    class Role(models.TextChoices):
        A = "A", "属地A岗"
        B = "B", "属地B岗"
        DEPARTMENT = "department", "部门监管"
        TECHNICAL = "technical", "技术责任人"
        PATROL = "patrol", "巡查责任人"

    thing_kind = models.CharField(max_length=20)
    thing_id = models.CharField(max_length=60)
    thing_name = models.CharField(max_length=80)
    place = models.ForeignKey(Place, models.PROTECT)
    role = models.CharField(max_length=10, choices=Role)
    post = models.ForeignKey(Post, models.PROTECT, null=True, related_name="duties")
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["thing_kind", "thing_id", "role"],
                condition=Q(valid_to__isnull=True),
                name="duty_once_per_thing_and_role",
            )
        ]

    def __str__(self) -> str:
        return f"{self.thing_name} {self.get_role_display()}"


class Handover(models.Model):
    """A change of holder that waits for both signatures; until then nothing passes."""

    term = models.ForeignKey(Term, models.PROTECT, related_name="handovers")
    successor = models.ForeignKey(Person, models.PROTECT, related_name="takeovers")
    opened_at = models.DateTimeField(default=clock.now)
    items = models.JSONField(default=list)
    old_signed_at = models.DateTimeField(null=True)
    old_signed_by = models.CharField(max_length=120, blank=True)
    new_signed_at = models.DateTimeField(null=True)
    passes_at = models.DateTimeField(null=True)  # not before this, once both have signed
    passed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["term"], condition=Q(passed_at__isnull=True), name="handover_one_open"
            ),
            models.CheckConstraint(
                condition=Q(passed_at__isnull=True)
                | Q(old_signed_at__isnull=False, new_signed_at__isnull=False),
                name="handover_passes_signed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.term} → {self.successor}"


class Wave(models.Model):
    """A change of many office-holders on one day (换届): planned, proved, opened for signatures,
    and carried through on its day, when a superior stands in for whoever left unsigned."""

    class State(models.TextChoices):
        PLANNED = "planned", "拟定"
        OPENED = "opened", "交接中"
        CARRIED = "carried", "已到期"
        WITHDRAWN = "withdrawn", "已取消"

    name = models.CharField(max_length=80, unique=True)
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)

    def __str__(self) -> str:
        return self.name


class WaveChange(models.Model):
    """One post of a wave: who follows (nobody named: the superior stands in), and whether the old
    holder leaves on the day whether or not the hand-over is signed."""

    wave = models.ForeignKey(Wave, models.CASCADE, related_name="changes")
    post = models.ForeignKey(Post, models.PROTECT, related_name="wave_changes")
    successor = models.ForeignKey(Person, models.PROTECT, null=True, related_name="wave_changes")
    leaves = models.BooleanField(default=True)
    handover = models.ForeignKey(Handover, models.SET_NULL, null=True, related_name="of_waves")
    outcome = models.CharField(max_length=12, blank=True)  # passed, interim, stays

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["wave", "post"], name="wave_change_once_a_post")
        ]

    def __str__(self) -> str:
        return f"{self.wave} {self.post}"


WAVE = Machine(
    "wave",
    **of_column("state", Wave.State.values),
    steps={
        "open": Step(("planned",), "opened", right="term.end"),
        "carry": Step(("opened",), "carried"),
        "withdraw": Step(
            ("planned", "opened"), "withdrawn", right="term.end", needs=("reason",), stops=("*",)
        ),
    },
    done=frozenset({"carried", "withdrawn"}),
    names={value: (label, value) for value, label in Wave.State.choices},
)
TERM = Machine(
    "term",
    states={"running": Q(ends_at__isnull=True), "limited": Q(ends_at__isnull=False)},
    sets={"running": {}, "limited": {}},
    steps={"end": Step(("running", "limited"), "limited", event="term.ended")},
)
HANDOVER = Machine(
    "handover",
    states={
        "open": Q(passed_at__isnull=True, old_signed_at__isnull=True, new_signed_at__isnull=True),
        "old_signed": Q(
            passed_at__isnull=True, old_signed_at__isnull=False, new_signed_at__isnull=True
        ),
        "new_signed": Q(
            passed_at__isnull=True, old_signed_at__isnull=True, new_signed_at__isnull=False
        ),
        "passed": Q(passed_at__isnull=False),
    },
    sets={"open": {}, "old_signed": {}, "new_signed": {}, "passed": {}},
    steps={
        "sign_old": Step(("open", "old_signed"), "old_signed", event="handover.signed"),
        "sign_new": Step(("open", "new_signed"), "new_signed", event="handover.signed"),
        "pass_by_old": Step(("new_signed",), "passed", event="handover.passed"),
        "pass_by_new": Step(("old_signed",), "passed", event="handover.passed"),
    },
    done=frozenset({"passed"}),
)
