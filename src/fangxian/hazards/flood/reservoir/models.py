"""Dams with their curves and gates, who lives below at which flow, and plans that were raced."""

from django.db import models
from django.db.models import F, Q

from fangxian.hazards.flood.forecast.models import Basin, Issue
from fangxian.spine.observe.models import Station
from fangxian.spine.registry.models import Place


class Dam(models.Model):
    """A reservoir at its gauge. ``safe_m3s`` is what the river below bears; its limit levels are
    marks of the gauge, by season."""

    gauge = models.OneToOneField(Station, models.PROTECT, related_name="dam")
    basin = models.ForeignKey(Basin, models.PROTECT, null=True, related_name="dams")
    dead_m = models.FloatField()
    limit_m = models.FloatField()  # outside the seasons of its marks
    top_m = models.FloatField()
    safe_m3s = models.FloatField()
    turbines_m3s = models.FloatField(default=0.0)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(dead_m__lt=F("limit_m"), limit_m__lte=F("top_m")),
                name="dam_levels_in_order",
            ),
            models.CheckConstraint(
                condition=Q(safe_m3s__gte=0, turbines_m3s__gte=0), name="dam_flows_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.gauge.name


class CurvePoint(models.Model):
    """A point of the storage curve (10^6 m3), of all outlets fully open, or of a crest without
    gates (m3/s)."""

    class Kind(models.TextChoices):
        STORAGE = "storage", "库容"
        OUTLET = "outlet", "泄流"
        SPILLWAY = "spillway", "溢流"

    dam = models.ForeignKey(Dam, models.CASCADE, related_name="points")
    kind = models.CharField(max_length=8, choices=Kind)
    level_m = models.FloatField()
    value = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dam", "kind", "level_m"], name="curve_point_once"),
            models.CheckConstraint(condition=Q(value__gte=0), name="curve_point_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.dam} {self.kind} {self.level_m:g} m"


class GatePoint(models.Model):
    """Flow of one gate at a level and an opening."""

    dam = models.ForeignKey(Dam, models.CASCADE, related_name="gate_points")
    gate = models.CharField(max_length=20)
    level_m = models.FloatField()
    opening_m = models.FloatField()
    flow_m3s = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dam", "gate", "level_m", "opening_m"], name="gate_point_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.dam} {self.gate} {self.level_m:g} m {self.opening_m:g} m"


class Below(models.Model):
    """A place that must be empty before so much is released."""

    dam = models.ForeignKey(Dam, models.CASCADE, related_name="below")
    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    from_m3s = models.FloatField()
    people = models.PositiveIntegerField()
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dam", "place"], name="below_once")]

    def __str__(self) -> str:
        return f"{self.dam} {self.place}"


class Race(models.Model):
    """Plans raced against a forecast: what each comes to, which was chosen, by whom, and the order
    it became. It is never changed but by the choice, once."""

    dam = models.ForeignKey(Dam, models.PROTECT, related_name="races")
    issue = models.ForeignKey(Issue, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    level_m = models.FloatField()
    level_at = models.DateTimeField()
    told = models.JSONField()
    by = models.CharField(max_length=120)
    chosen = models.CharField(max_length=20, blank=True)
    chosen_by = models.CharField(max_length=120, blank=True)
    chosen_at = models.DateTimeField(null=True)
    override = models.CharField(max_length=300, blank=True)
    order_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(chosen="") | ~Q(chosen_by=""), name="race_choice_has_a_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.dam} {self.made_at:%Y-%m-%d %H:%M}"
