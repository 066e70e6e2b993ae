"""People under measures, their plans, stays, exposures, tests, and who holds them."""

from django.db import models
from django.db.models import F, Q

from fangxian.hazards.epidemic.regimes.models import County
from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.people.models import Person
from fangxian.spine.registry.models import Place, Post, Site


class Arrival(models.Model):
    """One person under measures once: who he is stands with the persons. ``place`` is where he
    lives here, whose town answers for him; ``plan`` is what the rules said last."""

    class State(models.TextChoices):
        DECLARED = "declared", "已申报"
        ARRIVED = "arrived", "已抵达"
        MANAGED = "managed", "管控中"
        RELEASED = "released", "已解除"
        LOST = "lost", "失联"
        TRANSFERRED = "transferred", "已移交外地"
        CASE = "case", "已转病例"
        DEAD = "dead", "死亡"
        VOID = "void", "未来漳"

    person = models.ForeignKey(Person, models.CASCADE, related_name="arrivals")
    place = models.ForeignKey(Place, models.PROTECT)
    populations = models.JSONField(default=list)
    authority = models.CharField(max_length=40, blank=True)
    by = models.CharField(max_length=8, blank=True)
    carrier = models.CharField(max_length=20, blank=True)
    seat = models.CharField(max_length=10, blank=True)
    port = models.ForeignKey(Site, models.PROTECT, null=True, related_name="+")
    country = models.CharField(max_length=60, blank=True)
    expected_on = models.DateField(null=True)
    entered_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    found_at = models.DateTimeField(null=True)
    served = models.JSONField(default=list)
    state = models.CharField(max_length=12, choices=State, default=State.DECLARED)
    state_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    plan = models.JSONField(default=dict)
    plan_at = models.DateTimeField(null=True)
    edition = models.CharField(max_length=40, blank=True)
    stage = models.CharField(max_length=20, blank=True)
    release_on = models.DateField(null=True)
    source = models.CharField(max_length=120, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(state__in=("declared", "arrived", "managed", "lost")),
                name="arrival_open_once_a_person",
            ),
            models.CheckConstraint(
                condition=Q(arrived_at__isnull=True)
                | Q(entered_at__isnull=True)
                | Q(arrived_at__gte=F("entered_at")),
                name="arrival_after_entry",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "release_on"], name="arrival_by_state"),
            models.Index(fields=["carrier", "expected_on"], name="arrival_by_carrier"),
        ]

    def __str__(self) -> str:
        return f"{self.person} #{self.pk}"


class Replaced(models.Model):
    """A plan that was replaced, and why: it stays beside the new one."""

    arrival = models.ForeignKey(Arrival, models.CASCADE, related_name="replaced")
    plan = models.JSONField()
    made_at = models.DateTimeField()
    replaced_at = models.DateTimeField()
    why = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.arrival} {self.made_at:%m-%d}"


class Stayed(models.Model):
    """Where somebody was before: a county, a part of it in his words, from and until (epoch)."""

    arrival = models.ForeignKey(Arrival, models.CASCADE, related_name="stays")
    county = models.ForeignKey(County, models.PROTECT)
    part = models.CharField(max_length=120, blank=True)
    since_s = models.BigIntegerField()
    until_s = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until_s__gte=F("since_s")), name="stay_ends_after_start"
            )
        ]
        indexes = [models.Index(fields=["county", "until_s"], name="stayed_by_county")]

    def __str__(self) -> str:
        return f"{self.arrival} {self.county}"


class Exposed(models.Model):
    """A contact with somebody or something infectious. ``about`` says what it came from (an edge of
    tracing, a list); one taken back never counted."""

    class Kind(models.TextChoices):
        CLOSE = "close", "密接"
        SECOND = "second", "次密接"

    class Index(models.TextChoices):
        PENDING = "pending", "待定"
        CASE = "case", "病例"
        EXCLUDED = "excluded", "已排除"

    arrival = models.ForeignKey(Arrival, models.CASCADE, related_name="exposures")
    kind = models.CharField(max_length=8, choices=Kind)
    since_at = models.DateTimeField(null=True)
    until_at = models.DateTimeField()
    found_at = models.DateTimeField()
    index = models.CharField(max_length=8, choices=Index, default=Index.PENDING)
    index_at = models.DateTimeField(null=True)
    index_tests = models.JSONField(default=list)
    about_kind = models.CharField(max_length=20, blank=True)
    about_key = models.CharField(max_length=60, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["arrival", "about_kind", "about_key"],
                condition=~Q(about_key="") & Q(withdrawn_at__isnull=True),
                name="exposed_once_by_one_thing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.arrival} {self.kind}"


class Test(models.Model):
    """A test of a plan on its day: taken, what the laboratories said, or why it is none. Two
    results that disagree stand as both until somebody has it done again."""

    EVENT_KIND = "arrival_test"

    class State(models.TextChoices):
        PLANNED = "planned", "待采样"
        SAMPLED = "sampled", "已采样"
        NEGATIVE = "negative", "阴性"
        POSITIVE = "positive", "阳性"
        DIFFER = "differ", "结果矛盾"
        LOST = "lost", "样本遗失"
        VOID = "void", "已取消"

    arrival = models.ForeignKey(Arrival, models.CASCADE, related_name="tests")
    on = models.DateField()
    asked = models.JSONField(default=dict)  # sample, double, laboratories, objects, environment
    state = models.CharField(max_length=8, choices=State, default=State.PLANNED)
    number = models.CharField(max_length=40, blank=True)
    sampled_at = models.DateTimeField(null=True)
    sampled_by = models.CharField(max_length=120, blank=True)
    results = models.JSONField(default=list)  # laboratory, of, result, at
    result_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["arrival", "on"],
                condition=~Q(state__in=("void", "lost", "differ")),
                name="test_once_a_day",
            ),
            models.UniqueConstraint(
                fields=["number"], condition=~Q(number=""), name="sample_number_once"
            ),
        ]
        indexes = [models.Index(fields=["state", "on"], name="test_by_state")]

    def __str__(self) -> str:
        return f"{self.arrival} {self.on}"


class Holding(models.Model):
    """Who answers for a person from when until when, and where he is. The next begins at the moment
    at which the one before ends: a minute without a holder is a gap."""

    arrival = models.ForeignKey(Arrival, models.CASCADE, related_name="holdings")
    post = models.ForeignKey(Post, models.PROTECT)
    site = models.ForeignKey(Site, models.PROTECT, null=True)
    room = models.CharField(max_length=20, blank=True)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["arrival"], condition=Q(until__isnull=True), name="arrival_held_by_one"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="holding_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.arrival} {self.post}"


S = Arrival.State
HERE = (S.ARRIVED, S.MANAGED)
OPEN = (S.DECLARED, *HERE, S.LOST)
ARRIVAL = Machine(
    "arrival",
    **of_column("state", S.values),
    steps={
        "arrive": Step(("declared", "void"), "arrived", right="arrival.manage"),
        "unmeet": Step(("arrived",), "declared", right="arrival.manage", event="arrival.unmet"),
        "manage": Step(("arrived", "managed"), "managed", right="arrival.manage"),
        "release": Step(("arrived", "managed"), "released", right="arrival.release"),
        "lose": Step(
            ("declared", "arrived", "managed"), "lost", right="arrival.manage", needs=("reason",)
        ),
        "find": Step(("lost",), "managed", right="arrival.manage", event="arrival.found"),
        "hand_off": Step(
            ("declared", "arrived", "managed", "lost"),
            "transferred",
            right="arrival.manage",
            needs=("reason",),
        ),
        "convert": Step(
            ("declared", "arrived", "managed", "lost", "released"), "case", right="arrival.manage"
        ),
        "die": Step(
            ("arrived", "managed", "case"), "dead", right="arrival.manage", needs=("reason",)
        ),
        "recover": Step(
            ("case",),
            "released",
            right="arrival.release",
            needs=("reason",),
            event="arrival.recovered",
        ),
        "come_not": Step(("declared",), "void", right="arrival.manage", needs=("reason",)),
        "again": Step(
            ("released", "case"),
            "managed",
            right="arrival.manage",
            needs=("reason",),
            event="arrival.again",
        ),
    },
    done=frozenset({"released", "transferred", "dead", "void"}),
    names={value: (label, value) for value, label in S.choices},
)
T = Test.State
TEST = Machine(
    "arrival_test",
    **of_column("state", T.values),
    steps={
        "sample": Step(("planned",), "sampled", right="arrival.test"),
        "negative": Step(("sampled", "negative", "positive"), "negative"),
        "positive": Step(("sampled", "negative", "positive"), "positive"),
        "wait": Step(("negative", "positive"), "sampled"),
        "differ": Step(("sampled", "negative", "positive"), "differ"),
        "lose": Step(("sampled",), "lost", right="arrival.test", needs=("reason",)),
        "void": Step(("planned",), "void"),
    },
    done=frozenset({"negative", "positive", "differ", "lost", "void"}),
)
