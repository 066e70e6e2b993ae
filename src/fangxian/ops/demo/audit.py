"""The night audit: the desk, taken every ten minutes of the storm, against the raw data. What is
red, calls for help, is silent or overdue must stand on it; what is over must not. It reads the
files and the rules itself. Whether a rain signal is over it asks of the signal's own hold."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from fangxian.hazards.flood.rain.watch import RAIN
from fangxian.hazards.flood.river.watch import FAMILIES
from fangxian.spine.assess.models import Signal, Threshold
from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.command.desk import Row, in_hand, todo
from fangxian.spine.command.models import Order, Plea
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.models import Series, Station, in_use
from fangxian.spine.observe.rules import silence_limit
from fangxian.spine.observe.store import from_s, store

GRACE = timedelta(seconds=60)
KEPT = 50  # so many misses are told in full


class Audit:
    """What was found so far."""

    def __init__(self) -> None:
        self.checks = self.desks = self.most_rows = 0
        self.misses: list[str] = []
        self.leftovers: list[str] = []

    def take(self, at: datetime) -> None:
        """Look at the desk as it is now, ``at`` of the storm."""
        rows = [*todo(seat=SYSTEM, hq="all"), *in_hand(seat=SYSTEM, hq="all")]
        shown = {about for row in rows for about in row.about}
        signals = {str(s.pk): s for s in Signal.objects.select_related("place")}
        up = {
            (signals[key].family, signals[key].about, Level(signals[key].level))
            for kind, key in shown
            if kind == "signal"
        }
        self.desks += 1
        self.most_rows = max(self.most_rows, len(rows))
        for what, there in self._wanted(at, shown, up):
            self.checks += 1
            if not there:
                self.misses.append(f"{at:%m-%d %H:%M} {what}")
        for what in self._over(at, rows, signals):
            self.leftovers.append(f"{at:%m-%d %H:%M} {what}")

    def _wanted(
        self, at: datetime, shown: set[tuple[str, str]], up: set[tuple[str, tuple[str, str], Level]]
    ) -> Iterator[tuple[str, bool]]:
        for family, about, value in _reds(at):
            yield f"red {family} {about[1]} {value}", (family, about, Level.I) in up
        yield from _calls_for_help(shown)
        for code in _silent(at - GRACE):
            yield f"silent {code}", ("station-silent", code) in shown
        for order in _overdue(at - GRACE):
            yield f"overdue order {order.pk}", ("order", str(order.pk)) in shown

    def _over(self, at: datetime, rows: list[Row], signals: dict[str, Signal]) -> Iterator[str]:
        """What stands on the desk and is over."""
        open_orders = Order.objects.exclude(_DONE).values_list("pk", flat=True)
        open_pleas = Plea.objects.filter(settled_at=None).values_list("pk", flat=True)
        now = {"order": {str(k) for k in open_orders}, "plea": {str(k) for k in open_pleas}}
        silent = set(_silent(at))
        for row in rows:
            for kind, key in row.about:
                if kind in {"order", "plea"} and key not in now[kind] and row.kind != "verify":
                    yield f"{kind} {key} is over"
                if kind == "signal" and _calm(signals[key], at):
                    yield f"signal {signals[key]} of {signals[key].about_key} is over"
                if kind == "station-silent" and key not in silent:
                    gap = Gap.objects.filter(rule=kind, subject_id=key, until=None).first()
                    if gap is None or at - gap.noticed_at > GRACE:
                        yield f"{key} reports again"

    @property
    def n_wrong(self) -> int:
        return len(self.misses) + len(self.leftovers)

    def told(self) -> dict[str, Any]:
        """What ``--json`` says."""
        return {
            "checks": self.checks,
            "desks": self.desks,
            "most_rows": self.most_rows,
            "misses": self.misses[:KEPT],
            "leftovers": self.leftovers[:KEPT],
            "n_misses": len(self.misses),
            "n_leftovers": len(self.leftovers),
        }


_DONE = Q(state__in=["reported", "verified", "closed", "withdrawn"])


def _reds(at: datetime) -> Iterator[tuple[str, tuple[str, str], float]]:
    """Every gauge that is at red by its newest readings, by the rules themselves."""
    at_s = int(at.timestamp())
    newest = store().at(until_s=at_s, within_s=3600)
    levels = {
        (s.station_id, s.element): s.pk
        for s in Series.objects.filter(in_use(path="station__"), element__in=["Z", "ZU"])
    }
    for mark in thresholds_in_force(at, family__in=FAMILIES, level=Level.I):
        key = levels.get((mark.station_id or 0, mark.element))
        if key in newest and newest[key][1] >= mark.value and mark.station:
            yield mark.family, ("station", mark.station.code), newest[key][1]
    rain = list(
        Series.objects.filter(in_use(path="station__"), element=RAIN).select_related("station")
    )
    for rule in thresholds_in_force(at, element=RAIN, level=Level.I):
        for one, mm in _rain(rule, rain, newest):
            if mm >= rule.value - 1e-6:
                yield rule.family, ("station", one.station.code), round(mm, 1)


def _rain(
    rule: Threshold, series: list[Series], newest: dict[int, tuple[int, float]]
) -> Iterator[tuple[Series, float]]:
    """Sums over the window of a rule, each up to the gauge's newest reading."""
    ends = {s.pk: newest[s.pk][0] for s in series if s.pk in newest}
    sums = store().window_sums(ends, window_s=rule.window_s)
    for one in series:
        if one.pk in sums and (rule.station_id is None or rule.station_id == one.station_id):
            yield one, sums[one.pk][0]


def _calls_for_help(shown: set[tuple[str, str]]) -> Iterator[tuple[str, bool]]:
    """Calls for help by the log itself, of orders that are not over: each has a plea that stands on
    the desk or that somebody has settled."""
    told = Event.objects.filter(kind="order.help_wanted").values_list("subject_id", flat=True)
    settled = set(Event.objects.filter(kind="plea.settled").values_list("subject_id", flat=True))
    for order in Order.objects.filter(pk__in=[int(k) for k in set(told)]).exclude(
        state__in=["closed", "withdrawn"]
    ):
        keys = [str(p.pk) for p in Plea.objects.filter(order=order, kind="help")]
        there = bool(keys) and all(k in settled or ("plea", k) in shown for k in keys)
        yield f"call for help of order {order.pk}", there


def _silent(at: datetime) -> Iterator[str]:
    """Stations without a usable reading within their limit, by the file."""
    newest: dict[int, int] = {}
    read = store().at(until_s=int(at.timestamp()) + 86400, within_s=40 * 86400)
    for key, station in Series.objects.values_list("id", "station_id"):
        if key in read:
            newest[station] = max(newest.get(station, 0), read[key][0])
    for one in Station.objects.filter(in_use()):
        last = from_s(newest[one.pk]) if one.pk in newest else one.adopted_at
        if at - last > silence_limit(one, at=at):
            yield one.code


def _overdue(at: datetime) -> list[Order]:
    return list(Order.objects.filter(deadline_at__lt=at).exclude(_DONE))


def _calm(signal: Signal, at: datetime) -> bool:
    """Whether a signal is up though its gauge has been below every threshold for its hold."""
    if signal.about_kind != "station" or signal.cleared_at:
        return bool(signal.cleared_at)
    rules = [
        r for r in thresholds_in_force(at, family=signal.family) if _holds(r, signal.about_key)
    ]
    hold = timedelta(seconds=max((rule.hold_s for rule in rules), default=0)) + GRACE
    if signal.family in FAMILIES:
        return _below(signal, rules, at, hold)
    below = signal.below_since
    return below is not None and signal.observed_at - below > hold


def _holds(rule: Threshold, code: str) -> bool:
    return rule.station is None or rule.station.code == code


def _below(signal: Signal, marks: list[Threshold], at: datetime, hold: timedelta) -> bool:
    """By the file: every reading of the hold, and one before it, lies below the lowest mark less
    its dead-band."""
    elements = {m.element for m in marks}
    series = Series.objects.filter(station__code=signal.about_key, element__in=elements)
    lowest = min(m.value - m.dead_band for m in marks)
    since_s = int((at - hold - timedelta(hours=2)).timestamp())
    for one in series:
        rows = store().span([one.pk], since_s=since_s, until_s=int(at.timestamp()))[one.pk]
        values = [(v, value) for v, value, q, _ in rows if value is not None and q < 3]
        if not values or any(value >= lowest for _, value in values):
            return False
        if timedelta(seconds=values[-1][0] - values[0][0]) < hold:
            return False
    return True
