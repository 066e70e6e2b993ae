"""What is done with lots here becomes events of goods, in the form in which the world tells them:
one graph holds ours and what others send."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.epcis.event_hash import event_hash
from fangxian.hazards.epidemic.coldchain.epcis.gs1 import link
from fangxian.hazards.epidemic.coldchain.epcis.shape import Event
from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.models import Site

ROLES = m.EventItem.Role
KG = "KGM"


NUMBER = re.compile(r"[A-Za-z0-9\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff._-]{0,39}")


def fit_number(number: str) -> None:
    """A lot's number is part of addresses and of squares. Raises ``input.invalid``."""
    if not NUMBER.fullmatch(number):
        why = f"“{number}”：字母、数字、汉字、- _ . / letters, digits, - _ ."
        raise Problem("input.invalid", field="number", why=why)


def epc_of(number: str) -> str:
    """The identifier of a lot that brings none of its own."""
    return f"urn:fangxian:lot:{number}"


def place_of(site: Site) -> str:
    return f"urn:fangxian:site:{site.kind}:{site.code}"


def key_of(identifier: str) -> str:
    """What a good is found by: its Digital Link without blanks; a very long one by its hash."""
    text = link(identifier.strip())
    return text if len(text) <= 200 else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def digest(event: Event) -> str:
    """The bare hash of an event."""
    return event_hash(event).partition(";")[2].partition("?")[0]


def _time(at: datetime) -> dict[str, str]:
    here = clock.beijing(at)
    return {"eventTime": here.isoformat(timespec="milliseconds"), "eventTimeZoneOffset": "+08:00"}


def told_there(lot: m.Lot, step: str, *, at: datetime, site: Site | None) -> Event:
    """A lot seen at a step of its way."""
    event: Event = {
        "type": "ObjectEvent",
        **_time(at),
        "action": "OBSERVE",
        "bizStep": step,
        "quantityList": [{"epcClass": lot.epc, "quantity": lot.weight_kg, "uom": KG}],
    }
    if site is not None:
        event["readPoint"] = event["bizLocation"] = {"id": place_of(site)}
    return event


def told_worked(
    parents: Sequence[tuple[m.Lot, float]],
    children: Sequence[m.Lot],
    step: str,
    *,
    at: datetime,
    site: Site | None,
) -> Event:
    """Lots that were made out of others."""
    event: Event = {
        "type": "TransformationEvent",
        **_time(at),
        "inputQuantityList": [
            {"epcClass": lot.epc, "quantity": weight, "uom": KG} for lot, weight in parents
        ],
        "outputQuantityList": [
            {"epcClass": lot.epc, "quantity": lot.weight_kg, "uom": KG} for lot in children
        ],
        "bizStep": step,
    }
    if site is not None:
        event["readPoint"] = event["bizLocation"] = {"id": place_of(site)}
    return event


def keep(events: Iterable[Event], *, job: m.Job | None = None, by: Seat) -> tuple[int, int]:
    """Events that are not there yet, with their goods: how many were new, how many known."""
    rows = {digest(event): event for event in events}
    return keep_hashed(rows, job=job, by=by)


def keep_hashed(rows: dict[str, Event], *, job: m.Job | None = None, by: Seat) -> tuple[int, int]:
    """The same where the hashes are known. ``by`` is who brings them: asked before."""
    keys = list(rows)
    there: set[str] = set()
    for at in range(0, len(keys), 900):
        found = m.GoodsEvent.objects.filter(hash__in=keys[at : at + 900])
        there.update(found.values_list("hash", flat=True))
    sites = _sites(rows.values())
    now = clock.now()
    new = [_row(key, rows[key], sites, now, job) for key in keys if key not in there]
    m.GoodsEvent.objects.bulk_create(new, batch_size=500)
    m.EventItem.objects.bulk_create((item for row in new for item in _items(row)), batch_size=2000)
    return len(new), len(there)


def _row(
    key: str, event: Event, sites: dict[str, int], now: datetime, job: m.Job | None
) -> m.GoodsEvent:
    location = link(str((event.get("bizLocation") or {}).get("id") or ""))
    read_point = link(str((event.get("readPoint") or {}).get("id") or ""))
    return m.GoodsEvent(
        hash=key,
        event_id=str(event.get("eventID") or "")[:200],
        type=event["type"],
        action=str(event.get("action") or ""),
        biz_step=str(event.get("bizStep") or "")[:120],
        disposition=str(event.get("disposition") or "")[:120],
        at=moment_of(event["eventTime"]),
        recorded_at=now,
        read_point=read_point[:200],
        location=location[:200],
        site_id=sites.get(location) or sites.get(read_point),
        transformation=str(event.get("transformationID") or "")[:200],
        body=event,
        job=job,
    )


def moment_of(text: str) -> datetime:
    """A time of an event as a moment; finer parts than a millionth are cut."""
    head, dot, tail = text.strip().partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}"
    return datetime.fromisoformat(text.strip())


OURS = "urn:fangxian:site:"
GLN = "https://id.gs1.org/414/"


def _sites(events: Iterable[Event]) -> dict[str, int]:
    """Sites that events name by our code, or by a global location number that is a site's code."""
    named = {
        link(str((event.get(name) or {}).get("id") or ""))
        for event in events
        for name in ("bizLocation", "readPoint")
    }
    codes: dict[str, str] = {}
    for text in named:
        if text.startswith(OURS):
            codes[text.removeprefix(OURS).partition(":")[2]] = text
        elif text.startswith(GLN):
            codes[text.removeprefix(GLN).partition("/")[0]] = text
    found: dict[str, int] = {}
    keys = sorted(codes)
    for at in range(0, len(keys), 900):
        for site in Site.objects.filter(code__in=keys[at : at + 900]):
            if codes[site.code] in (place_of(site), *(t for t in named if t.startswith(GLN))):
                found[codes[site.code]] = site.pk
    return found


_LISTS: tuple[tuple[str, int], ...] = (
    ("epcList", ROLES.THERE),
    ("inputEPCList", ROLES.INTO),
    ("outputEPCList", ROLES.OUT),
    ("childEPCs", ROLES.PART),
)
_QUANTITIES: tuple[tuple[str, int], ...] = (
    ("quantityList", ROLES.THERE),
    ("inputQuantityList", ROLES.INTO),
    ("outputQuantityList", ROLES.OUT),
    ("childQuantityList", ROLES.PART),
)


def _items(row: m.GoodsEvent) -> Iterable[m.EventItem]:
    event: dict[str, Any] = row.body
    for name, role in _LISTS:
        for epc in dict.fromkeys(event.get(name) or ()):
            yield m.EventItem(event=row, epc=key_of(str(epc)), role=role)
    for name, role in _QUANTITIES:
        for one in event.get(name) or ():
            yield m.EventItem(
                event=row,
                epc=key_of(str(one["epcClass"])),
                role=role,
                quantity=one.get("quantity"),
                uom=str(one.get("uom") or "")[:3],
            )
    if event.get("parentID"):
        yield m.EventItem(event=row, epc=key_of(str(event["parentID"])), role=ROLES.WHOLE)
