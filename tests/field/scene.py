"""The city in which a case of telemetry and command plays, and what can be seen of it after."""

import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fangxian.hazards.flood.tables import flood_limit, river_marks
from fangxian.ops.gateway import Gateway, make_server
from fangxian.ops.worker import Worker
from fangxian.spine.assess import models as assess
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.write import load_thresholds
from fangxian.spine.command import models as command
from fangxian.spine.command.models import Order, Proposal
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write.orders import issue_orders
from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING, FixedClock
from fangxian.spine.core.config import config
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.read import open_gaps
from fangxian.spine.observe import models as observe
from fangxian.spine.observe.accept import Intake, Verdicts
from fangxian.spine.observe.intake import Arrival, read_raw
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.intake.table import read_readings
from fangxian.spine.observe.models import Quarantine, Series, Station
from fangxian.spine.observe.read import reporting, stations_now
from fangxian.spine.observe.store import Quality, store
from fangxian.spine.observe.write import add_station, adopt_station, correct_reading
from fangxian.spine.reach import models as reach
from fangxian.spine.reach.models import Delivery
from fangxian.spine.registry import models as registry
from fangxian.spine.registry.models import Place

COUNTS = ("stored", "quarantined", "duplicate", "readings")
FOREVER_S = 4102444800  # 2100-01-01


def when(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=BEIJING)


def iso(at: datetime | None) -> str | None:
    return clock.beijing(at).isoformat(timespec="seconds") if at else None


def town(name: str) -> Place:
    return Place.objects.get(name=name, kind="town")


class QuietGateway(Gateway):
    """Keeps what it is handed over and answers only as it is told."""

    got: list[tuple[str, str, str, str]]

    def _plan(self, kind: str, message: dict[str, Any]) -> None:
        self.got = [
            *getattr(self, "got", []),
            (kind, message["to"], message["text"], message["key"]),
        ]

    def tell(self, key: str, state: str, answer: str = "") -> None:
        number = len(self.receipts) + 1
        self.receipts.append({"key": key, "state": state, "answer": answer, "number": number})


def start_gateway() -> QuietGateway:
    gateway = QuietGateway(secret=config().gateway_secret, trouble=0.0)
    server = make_server(gateway, int(config().gateway_url.rsplit(":", 1)[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    SERVERS.append(server)
    return gateway


SERVERS: list[Any] = []


def issue(place: str = "和溪镇", level: str = "I", minutes: int = 60) -> Order:
    task = Task(area=town(place), verb="转移", object="低洼地带群众", minutes=minutes)
    return issue_orders([task], hazard="rain", level=Level[level], by=SYSTEM)[0]


class Scene:
    """One case's stations and loops. ``play`` does a step and says what came of it."""

    def __init__(self, case: dict[str, Any], folder: Path) -> None:
        self.folder = folder
        self.fixed = FixedClock(when(case["now"]))
        clock.install(self.fixed)
        for one in case.get("stations", []):
            self._add(one)
        self.intake, self.worker = Intake(), Worker()
        self.names: dict[str, Any] = {"ids": {}}

    def _add(self, one: dict[str, Any]) -> None:
        station = add_station(
            code=one["code"],
            name=one["name"],
            place=town(one.get("place", "和溪镇")),
            by=SYSTEM,
            river=one.get("river", ""),
            **one.get("more", {}),
        )
        adopted = when(one.get("adopted", "2026-01-01T00:00"))
        Station.objects.filter(pk=station.pk).update(adopted_at=adopted)
        station.refresh_from_db()
        if one.get("marks"):
            load_thresholds(river_marks(station, one["marks"], source="case"), by=SYSTEM)
        if one.get("flood_limit"):
            season = {"season_from": "0401", "season_to": "1015", "source": "case"}
            limit = flood_limit(station, limit_m=one["flood_limit"], **season)
            load_thresholds([limit], by=SYSTEM)

    def play(self, step: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        try:
            for name in ("at", "frames", "table", "rows", "restart", "adopt", "correct", "python"):
                if name in step:
                    told |= getattr(self, f"_{name}")(step[name]) or {}
            if step.get("settle", True):
                self.worker.settle()
            if step.get("cover"):
                self.worker.cover(force=True)
        except Exception as error:  # noqa: BLE001 - a case may judge what it raised
            told["exception"] = f"{type(error).__name__}: {error}"
        return {**told, **({"state": seen()} if step.get("state") else {})}

    def _at(self, text: str) -> None:
        self.fixed.at = when(text)

    def _frames(self, lines: list[str]) -> dict[str, Any]:
        arrivals, rejected = [], []
        for line in lines:
            raw = bytes.fromhex(line)
            try:
                arrivals.append(Arrival(read_raw(raw), raw, "case"))
            except Exception as error:  # noqa: BLE001 - so is a frame that nobody can read
                rejected.append(str(error))
        return {"rejected": rejected, "verdicts": _counts(self.intake.accept(arrivals, by=SYSTEM))}

    def _table(self, name: str) -> dict[str, Any]:
        found = read_readings(self.folder / name)
        verdicts = _counts(_take_rows(row.reading for row in found.rows))
        errors = [f"{e.cell}: {e.en}" for e in found.errors]
        notes = [note.en for note in found.notes] + found.unused
        return {"good": len(found.rows), "errors": errors, "notes": notes, "verdicts": verdicts}

    def _rows(self, rows: list[Any]) -> dict[str, Any]:
        """One batch of the API: a new Intake, as each request has."""
        readings = [(code, element, when(at), value) for code, element, at, value in rows]
        return {"verdicts": _counts(_take_rows(readings))}

    def _restart(self, wanted: bool) -> None:
        if wanted:
            self.intake, self.worker = Intake(), Worker()

    def _adopt(self, code: str) -> dict[str, Any]:
        row = Quarantine.objects.get(code=code)
        _, n = adopt_station(row=row, name="新站", place=town("和溪镇"), by=SYSTEM)
        return {"adopted_readings": n}

    def _correct(self, what: dict[str, Any]) -> None:
        series = Series.objects.get(station__code=what["station"], element=what["element"])
        quality = Quality[what["quality"]]
        at, value = when(what["at"]), what["value"]
        correct_reading(
            series=series, at=at, value=value, quality=quality, reason="case", by=SYSTEM
        )

    def _python(self, text: str) -> dict[str, Any]:
        """Models by name, and what earlier steps named."""
        scope: dict[str, Any] = {}
        for module in (observe, assess, command, reach, registry):
            scope |= {k: v for k, v in vars(module).items() if not k.startswith("_")}
        scope |= {"SYSTEM": SYSTEM, "Quality": Quality, "Event": Event, "Level": Level}
        scope |= {"store": store, "Intake": Intake, "clock": clock, "fixed": self.fixed}
        scope |= {"start_gateway": start_gateway, "issue": issue, "listen": self.listen}
        scope |= {"worker": self.worker, "intake": self.intake, "town": town, "when": when}
        base = set(scope)
        scope |= {**self.names, "told": None}
        exec(text, scope)  # noqa: S102 - the case's own text
        self.names = {k: v for k, v in scope.items() if k not in base}
        return {"python": scope["told"]}

    def listen(self, n: int = 3) -> list[Any]:
        told: list[Any] = []
        for _ in range(n):
            try:
                told.append(self.worker.listen())
            except Exception as error:  # noqa: BLE001 - a case may judge what it raised
                told.append(f"{type(error).__name__}: {error}")
        return told


def _take_rows(rows: Iterable[Any]) -> Verdicts:
    """Through the door of tables and the API; stored and quarantined count rows there."""
    verdicts = Intake().accept(arrivals_of(rows, source="case"), by=SYSTEM)
    return replace(verdicts, stored=verdicts.taken, quarantined=verdicts.held)


def _counts(verdicts: Any) -> dict[str, int]:
    return {name: getattr(verdicts, name) for name in COUNTS}


def seen() -> dict[str, Any]:
    """What the city shows now, under the names that cases judge."""
    gaps: dict[str, list[Any]] = {}
    for gap in open_gaps(seat=SYSTEM):
        gaps.setdefault(gap.rule, []).append({"since": iso(gap.since), **(gap.fields or {})})
    gaps.pop("village-without-gauge", None)
    signals = [_signal(s) for s in Signal.objects.order_by("id")]
    deliveries = Delivery.objects.order_by("id")
    orders = Order.objects.order_by("id")
    proposals = Proposal.objects.order_by("id")
    return {
        "signals": signals,
        "active": [s for s in signals if not s["cleared_at"]],
        "readings": _readings(),
        "gaps": gaps,
        "now": [_station(n) for n in stations_now(Station.objects.filter(code__startswith="7000"))],
        "reporting": list(reporting()),
        "proposals": [{n: getattr(p, n) for n in ("hazard", "levels", "state")} for p in proposals],
        "quarantine": [{"code": q.code, "frames": q.frames} for q in Quarantine.objects.all()],
        "deliveries": [_delivery(d) for d in deliveries],
        "orders": [_order(o) for o in orders],
        "events": [e.kind for e in Event.objects.order_by("-id")[:40]],
    }


def _signal(s: Signal) -> dict[str, Any]:
    return {
        "family": s.family,
        "hazard": s.hazard,
        "station": s.about_key if s.about_kind == "station" else None,
        "level": s.level,
        "value": s.value,
        "observed_at": iso(s.observed_at),
        "started_at": iso(s.started_at),
        "cleared_at": iso(s.cleared_at),
        "quality": (s.evidence or {}).get("quality"),
    }


def _readings() -> dict[str, list[Any]]:
    found = {}
    for series in Series.objects.select_related("station"):
        rows = store().span([series.pk], since_s=0, until_s=FOREVER_S)[series.pk]
        found[f"{series.station.code} {series.element}"] = [
            [iso(datetime.fromtimestamp(at, BEIJING)), value, Quality(q).name.lower(), why]
            for at, value, q, why in rows
        ]
    return found


def _station(n: Any) -> dict[str, Any]:
    return {
        "code": n.station.code,
        "stale": n.stale,
        "last_at": iso(n.last_at),
        "rain_1h": n.rain_1h_mm,
        "rain_24h": n.rain_24h_mm,
        "missing_24h": n.missing_24h,
        "stage": n.stage_m,
    }


def _delivery(d: Delivery) -> dict[str, Any]:
    return {
        "channel": d.channel,
        "to": d.person.name,
        "state": d.get_state_display(),
        "n": d.state,
        "answer": d.answer,
        "error": d.last_error,
        "step": d.step,
    }


def _order(o: Order) -> dict[str, Any]:
    return {
        "id": o.pk,
        "state": o.state,
        "post": str(o.post),
        "by": o.acknowledged_by,
        "escalated": o.escalated,
    }
