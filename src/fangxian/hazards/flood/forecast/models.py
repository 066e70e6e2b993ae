"""Basins with what they are made of, forecasts as they were issued, and what became of them."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from fangxian.spine.core.steps import Machine, Step
from fangxian.spine.observe.models import Station

MODELS = (("xaj", "新安江 Xinanjiang"), ("gr4h", "GR4H"))


class Basin(models.Model):
    """The land above a gauge for which flow is forecast, hour by hour. From ``network_km2`` on a
    sub-basin's flow passes a channel network (Xinanjiang)."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=80)
    outlet = models.ForeignKey(Station, models.PROTECT, related_name="basins")
    model = models.CharField(max_length=8, choices=MODELS, default="xaj")
    pan_mm_day = models.JSONField()  # potential evaporation of each month, twelve numbers
    network_km2 = models.FloatField(default=200.0)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    source = models.CharField(max_length=200)
    modelled = models.BooleanField(default=False)  # its numbers are invented, and it says so

    def __str__(self) -> str:
        return self.name


class SubBasin(models.Model):
    """A part of a basin with rain of its own."""

    basin = models.ForeignKey(Basin, models.CASCADE, related_name="parts")
    code = models.CharField(max_length=20)
    area_km2 = models.FloatField()
    shape = models.JSONField(null=True)  # outline, GeoJSON, WGS 84: for rain on grids

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["basin", "code"], name="sub_basin_once"),
            models.CheckConstraint(condition=Q(area_km2__gt=0), name="sub_basin_has_area"),
        ]

    def __str__(self) -> str:
        return f"{self.basin} {self.code}"


class Weight(models.Model):
    """How much a gauge's rain counts in a sub-basin, from a time on."""

    part = models.ForeignKey(SubBasin, models.CASCADE, related_name="weights")
    gauge = models.ForeignKey(Station, models.PROTECT, related_name="weights")
    weight = models.FloatField()
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["part", "gauge", "valid_from"], name="weight_once"),
            models.CheckConstraint(
                condition=Q(weight__gt=0, weight__lte=1), name="weight_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part} {self.gauge} {self.weight:g}"


class Reach(models.Model):
    """The river from the outlet of one basin to that of the one below: travel time and shape of
    Muskingum."""

    upper = models.ForeignKey(Basin, models.CASCADE, related_name="below")
    lower = models.ForeignKey(Basin, models.CASCADE, related_name="above")
    travel_h = models.FloatField()
    x = models.FloatField(default=0.2)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upper", "valid_from"], name="reach_one_below"),
            models.CheckConstraint(condition=~Q(upper=F("lower")), name="reach_leads_on"),
            models.CheckConstraint(
                condition=Q(travel_h__gte=0, travel_h__lte=240, x__gte=0, x__lte=0.5),
                name="reach_is_possible",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.upper} → {self.lower}"


class RatingPoint(models.Model):
    """A point of a rating curve (水位流量关系), from a time on."""

    station = models.ForeignKey(Station, models.CASCADE, related_name="rating")
    valid_from = models.DateTimeField(null=True)
    stage_m = models.FloatField()
    flow_m3s = models.FloatField()
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["station", "valid_from", "stage_m"], name="rating_point_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.station} {self.stage_m:g} m {self.flow_m3s:g} m3/s"


class Parameters(models.Model):
    """An edition of a basin's parameters: from when, by whom, why, how well it did (``scores``) and
    what it learnt of its own errors (``learnt``, see ``kernels.hydro.correct``). Several ``name``
    side by side are members of one forecast."""

    basin = models.ForeignKey(Basin, models.CASCADE, related_name="editions")
    name = models.CharField(max_length=20, default="main")
    valid_from = models.DateTimeField()
    values = models.JSONField()
    scores = models.JSONField(default=dict)
    learnt = models.JSONField(null=True)
    why = models.CharField(max_length=200)
    by = models.CharField(max_length=120)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["basin", "name", "valid_from"], name="parameters_once_per_time"
            ),
            models.CheckConstraint(condition=~Q(why=""), name="parameters_say_why"),
        ]

    def __str__(self) -> str:
        return f"{self.basin} {self.name} {self.valid_from:%Y-%m-%d %H:%M}"


class RainForecast(models.Model):
    """Rain forecast for one basin by one source and member: mm in each hour after ``issued_at``, by
    sub-basin. Every issue is kept, for verification."""

    basin = models.ForeignKey(Basin, models.CASCADE, related_name="rain_forecasts")
    source = models.CharField(max_length=40)
    member = models.CharField(max_length=20, default="1")
    issued_at = models.DateTimeField()
    received_at = models.DateTimeField()
    mm = models.JSONField()  # [[of each sub-basin, by code], …] hour by hour
    origin = models.CharField(max_length=200)  # the file

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["basin", "source", "member", "issued_at"], name="rain_forecast_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.basin} {self.source} {self.member} {self.issued_at:%Y-%m-%d %H:%M}"


class Issue(models.Model):
    """A forecast as it was issued; it is never changed. ``at`` is the hour it starts from. ``told``
    holds by hour ahead raw, corrected, low, high and the rest of what pages show; ``inputs`` what
    it rests on; ``state`` the model's state at ``state_at``, from which the next one goes on."""

    class Why(models.TextChoices):
        HOURLY = "hourly", "整点"
        EVENT = "event", "加报"
        LATE = "late", "迟到资料"
        HAND = "hand", "人工"

    basin = models.ForeignKey(Basin, models.PROTECT, related_name="issues")
    at = models.DateTimeField()
    issued_at = models.DateTimeField()
    why = models.CharField(max_length=8, choices=Why)
    parameters = models.ForeignKey(Parameters, models.PROTECT)
    inputs_hash = models.CharField(max_length=64)
    inputs = models.JSONField()
    told = models.JSONField()
    state_at = models.DateTimeField()
    state = models.TextField()
    by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["basin", "at", "inputs_hash"], name="issue_once_per_inputs"
            )
        ]
        indexes = [models.Index(fields=["basin", "-at", "-id"], name="issue_newest")]

    def __str__(self) -> str:
        return f"{self.basin} {self.at:%Y-%m-%d %H:%M}"


class Expected(models.Model):
    """A crossing that was forecast, or that came unforeseen (a miss): kept for ever. ``first`` is
    the issue that first said it, ``signal`` what it raised, ``orders`` what rested on that."""

    class Came(models.TextChoices):
        OPEN = "open", "待验证"
        HIT = "hit", "命中"
        FALSE = "false", "空报"
        MISS = "miss", "漏报"
        UNKNOWN = "unknown", "无实测"

    basin = models.ForeignKey(Basin, models.PROTECT, related_name="expected")
    mark = models.CharField(max_length=12)
    mark_m = models.FloatField()
    first = models.ForeignKey(Issue, models.PROTECT, null=True, related_name="+")
    first_at = models.DateTimeField()
    crossing_at = models.DateTimeField(null=True)  # as first forecast
    until = models.DateTimeField()  # the last hour for which it was forecast
    probability = models.FloatField(null=True)  # the highest said
    signal_id = models.BigIntegerField(null=True)
    came = models.CharField(max_length=8, choices=Came, default=Came.OPEN)
    crossed_at = models.DateTimeField(null=True)
    lead_h = models.FloatField(null=True)  # from the first issue to the crossing
    settled_at = models.DateTimeField(null=True)
    orders = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["basin", "mark"], condition=Q(came="open"), name="expected_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.basin} {self.mark} {self.came}"


class Search(models.Model):
    """A calibration: what was asked, how far it is, what was found. A process of its own works on
    it and tells ``beat_at``; one that falls silent is begun again from its seed."""

    basin = models.ForeignKey(Basin, models.CASCADE, related_name="searches")
    asked = models.JSONField()
    by = models.CharField(max_length=120)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, default="waiting")
    beat_at = models.DateTimeField(null=True)
    progress = models.JSONField(default=list)  # [evaluations, best value]
    found = models.JSONField(null=True)
    wrong = models.CharField(max_length=300, blank=True)
    taken = models.ForeignKey(Parameters, models.SET_NULL, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["basin"],
                condition=Q(state__in=["waiting", "running"]),
                name="search_one_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.basin} {self.state}"


def _of(state: str) -> dict[str, Any]:
    return {"state": state}


SEARCH = Machine(
    "forecast_search",
    states={s: Q(state=s) for s in ("waiting", "running", "done", "failed", "stopped")},
    sets={s: _of(s) for s in ("waiting", "running", "done", "failed", "stopped")},
    steps={
        "begin": Step(("waiting", "running"), "running"),
        "end": Step(("running",), "done"),
        "fail": Step(("running", "waiting"), "failed"),
        "stop": Step(("waiting", "running"), "stopped", right="forecast.write"),
    },
    done=frozenset({"done", "failed", "stopped"}),
    names={
        "waiting": ("等待", "waiting"),
        "running": ("率定中", "running"),
        "done": ("完成", "done"),
        "failed": ("失败", "failed"),
        "stopped": ("已停止", "stopped"),
    },
)
