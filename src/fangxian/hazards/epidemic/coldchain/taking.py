"""Events taken out again: by time, or the way of one lot; queries by good, place, time, state."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem

from . import models as m
from .epcis.gs1 import link
from .epcis.shape import Event
from .trace import events, reach_of
from .write.goods import key_of, moment_of


def events_of(*, since: Any = None, until: Any = None, lot: str = "") -> list[Event]:
    """Events that count, in the order of time. Raises ``not_found`` for a lot nobody knows."""
    rows = events()
    if lot:
        one = m.Lot.objects.filter(number=lot).first()
        if one is None:
            raise Problem("not_found", what=f"批次 {lot} / lot")
        keys: set[int] = set()
        epcs = sorted(reach_of([one.epc]).everything())
        for at in range(0, len(epcs), 900):
            items = m.EventItem.objects.filter(epc__in=epcs[at : at + 900])
            keys.update(items.values_list("event_id", flat=True))
        found: list[Event] = []
        ordered = sorted(keys)
        for at in range(0, len(ordered), 900):
            part = rows.filter(pk__in=ordered[at : at + 900])
            found += [dict(row) for row in part.values_list("body", flat=True)]
        return sorted(found, key=lambda event: moment_of(event["eventTime"]))
    if since is not None:
        rows = rows.filter(at__gte=_aware(since))
    if until is not None:
        rows = rows.filter(at__lt=_aware(until))
    return [dict(body) for body in rows.order_by("at", "pk").values_list("body", flat=True)]


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)


MOST = 1000  # events of one answer
_BOUNDS = {"GE_": "gte", "GT_": "gt", "LE_": "lte", "LT_": "lt"}
_TIMES = {"eventTime": "at", "recordTime": "recorded_at"}
_IN = {
    "eventType": "type",
    "EQ_action": "action",
    "EQ_bizStep": "biz_step",
    "EQ_disposition": "disposition",
    "EQ_readPoint": "read_point",
    "EQ_bizLocation": "location",
    "EQ_transformationID": "transformation",
    "EQ_eventID": "event_id",
}
_PLACES = ("EQ_readPoint", "EQ_bizLocation")
ROLE = m.EventItem.Role
_MATCH = {
    "MATCH_epc": (ROLE.THERE, ROLE.PART),
    "MATCH_epcClass": (ROLE.THERE, ROLE.PART),
    "MATCH_parentID": (ROLE.WHOLE,),
    "MATCH_inputEPC": (ROLE.INTO,),
    "MATCH_inputEPCClass": (ROLE.INTO,),
    "MATCH_outputEPC": (ROLE.OUT,),
    "MATCH_outputEPCClass": (ROLE.OUT,),
    "MATCH_anyEPC": tuple(ROLE.values),
    "MATCH_anyEPCClass": tuple(ROLE.values),
}


def ask(query: Mapping[str, Any]) -> tuple[list[Event], int]:
    """Events that answer a question of SimpleEventQuery, and how many there are in all. A parameter
    that is not taken here is refused, never passed over (``input.invalid``)."""
    rows = events()
    for name, value in query.items():
        many = value if isinstance(value, list) else [value]
        if name in _IN:
            texts = [link(str(one)) if name in _PLACES else _short(str(one)) for one in many]
            rows = rows.filter(**{f"{_IN[name]}__in": texts})
        elif name in _MATCH:
            items = m.EventItem.objects.filter(
                epc__in=[key_of(str(one)) for one in many], role__in=_MATCH[name]
            )
            rows = rows.filter(pk__in=items.values("event"))
        elif name[:3] in _BOUNDS and name[3:] in _TIMES:
            bound = moment_of(str(value))
            rows = rows.filter(**{f"{_TIMES[name[3:]]}__{_BOUNDS[name[:3]]}": bound})
        elif name not in ("orderBy", "orderDirection", "eventCountLimit", "perPage"):
            raise Problem("input.invalid", field=name, why="不收这个条件 / not taken here")
    order = _TIMES.get(str(query.get("orderBy", "eventTime")), "at")
    down = "-" if query.get("orderDirection", "DESC") == "DESC" else ""
    most = min(MOST, int(query.get("eventCountLimit") or query.get("perPage") or MOST))
    total = rows.count()
    found = rows.order_by(f"{down}{order}", "pk").values_list("body", flat=True)[:most]
    return [dict(body) for body in found], total


def _short(text: str) -> str:
    """A word of the CBV as it is kept."""
    for head in ("BizStep-", "Disp-", ":bizstep:", ":disp:"):
        if head in text:
            return text.rpartition(head)[2]
    return text
