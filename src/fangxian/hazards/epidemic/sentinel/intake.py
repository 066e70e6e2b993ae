"""What other systems send and get: daily counts as DHIS2 dataValueSets (JSON, XML, CSV) and ADX,
visits and results as HL7 version 2 and FHIR. What cannot be taken is refused with its place and
reason, and the next one goes on."""

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml.ElementTree import fromstring

from fangxian.hazards.epidemic import hl7 as wire
from fangxian.spine.core import clock
from fangxian.spine.core.clock import beijing
from fangxian.spine.core.editions import edition
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.models import Site

from . import fhir, hl7
from .clinical import RefusedError, Told
from .models import Count
from .rules import syndromes
from .write.counts import put_counts
from .write.encounters import take_encounters
from .write.feeds import report_days

MOST_REFUSED = 200  # told one by one; all are counted
ADX = "urn:ihe:qrph:adx:2015"


@dataclass(frozen=True, slots=True)
class DataValue:
    """One value as it was sent, and where it stood."""

    where: str
    element: str
    unit: str
    period: str
    value: str


@dataclass
class Taken:
    """What became of a file."""

    values: int = 0
    changed: int = 0
    same: int = 0
    refused: list[str] = field(default_factory=list)
    answer: str = ""
    media: str = ""

    def told(self) -> dict[str, Any]:
        return {
            "values": self.values,
            "changed": self.changed,
            "same": self.same,
            "n_refused": len(self.refused),
            "refused": self.refused[:MOST_REFUSED],
        }


def read_values(raw: bytes) -> Iterator[DataValue]:
    """The values of a message, whichever of the formats it is in. Raises ``report.unreadable``."""
    text = raw.lstrip(b"\xef\xbb\xbf \r\n\t")
    try:
        if text[:1] in (b"{", b"["):
            yield from _json(json.loads(text))
        elif text[:1] == b"<":
            yield from _xml(fromstring(text))
        else:
            yield from _csv(raw.decode("utf-8-sig"))
    except (ValueError, ParseError) as error:
        raise Problem("report.unreadable", why=str(error)[:200]) from None


def _json(content: Any) -> Iterator[DataValue]:
    whole = content if isinstance(content, dict) else {}
    rows = whole.get("dataValues")
    if not isinstance(rows, list):
        raise ValueError("dataValues: a list")
    shared = {k: whole.get(k, "") for k in ("period", "orgUnit")}
    for n, row in enumerate(rows):
        given = {**shared, **row} if isinstance(row, dict) else {}
        yield _value(f"dataValues[{n}]", given)


def _xml(root: Element) -> Iterator[DataValue]:
    if root.tag == f"{{{ADX}}}adx":
        for g, group in enumerate(root.iter(f"{{{ADX}}}group")):
            for n, node in enumerate(group.iter(f"{{{ADX}}}dataValue")):
                yield _value(f"group[{g}]/dataValue[{n}]", {**group.attrib, **node.attrib})
        return
    for n, node in enumerate(node for node in root if node.tag.endswith("dataValue")):
        yield _value(f"dataValue[{n}]", {**root.attrib, **node.attrib})


def _csv(text: str) -> Iterator[DataValue]:
    rows = csv.DictReader(io.StringIO(text))
    known = {name.casefold(): name for name in rows.fieldnames or ()}
    lacking = {"dataelement", "period", "orgunit", "value"} - set(known)
    if lacking:
        raise ValueError(f"no column {', '.join(sorted(lacking))}")
    for row in rows:
        given = {own: row[name] for own, name in known.items()}
        told = {"dataElement": given["dataelement"], "orgUnit": given["orgunit"], **given}
        yield _value(f"line {rows.line_num}", told)


def _value(where: str, row: dict[str, Any]) -> DataValue:
    names = ("dataElement", "orgUnit", "period", "value")
    given = ["" if row.get(name) is None else str(row[name]).strip() for name in names]
    return DataValue(where, *given)


def take_bytes(raw: bytes, *, by: Seat) -> Taken:
    """Take a message or a file, whatever its format. Raises ``report.unreadable``."""
    text = raw.lstrip(b"\xef\xbb\xbf \r\n\t")
    if wire.looks_like_hl7(text):
        return _take_hl7(raw, by)
    if text[:1] == b"{":
        try:
            content = json.loads(text)
        except ValueError as error:
            raise Problem("report.unreadable", why=str(error)[:200]) from None
        if fhir.looks_like_fhir(content):
            return _take_fhir(content, by)
    return take_values(read_values(raw), by=by)


def _take_hl7(raw: bytes, by: Seat) -> Taken:
    """Each message by itself: what one of them breaks is refused whole, with its answer."""
    told, sites = Taken(), _sites()
    answers = []
    for where, message in wire.messages(raw):
        told.values += 1
        before = len(told.refused)
        try:
            _take_told(hl7.read_message(where, message), sites, told, by)
        except RefusedError as error:
            told.refused.append(str(error))
        answers.append(wire.acknowledge(message, "; ".join(told.refused[before:])[:200]))
    told.answer, told.media = "".join(answers), "application/hl7-v2"
    return told


def _take_fhir(content: dict[str, Any], by: Seat) -> Taken:
    told, rows = Taken(), []
    try:
        for one in fhir.read_bundle(content):
            told.values += 1
            if isinstance(one, RefusedError):
                told.refused.append(str(one))
            else:
                rows.append(one)
    except RefusedError as error:
        raise Problem("report.unreadable", why=str(error)[:300]) from None
    _take_told(rows, _sites(), told, by)
    return told


def _take_told(rows: Iterable[Told], sites: dict[str, Site | None], told: Taken, by: Seat) -> None:
    placed = []
    for one in rows:
        try:
            placed.append((_site(one.site, sites), one))
        except ValueError as error:
            told.refused.append(f"{one.where}: {error}")
    changed, refused = take_encounters(placed, by=by)
    told.changed += changed
    told.same += len(placed) - changed - len(refused)
    told.refused += refused


def take_values(values: Iterable[DataValue], *, by: Seat) -> Taken:
    """Make counts of values: the data element is a syndrome, or the question that syndromes are
    counted out of (``visits``); the organisation unit a site by its code (``H1``, or
    ``hospital:H1`` where several kinds have it); the period one day. A day whose every question is
    answered is the report that the site owes."""
    now, told = clock.now(), Taken()
    known, sites = syndromes(now), _sites()
    totals = {one.of for one in known.values() if one.of}
    rows, of = [], dict[tuple[int, str, date], float]()
    for one in values:
        told.values += 1
        try:
            site, element, day, n = _row(one, {*known, *totals}, sites, beijing(now).date())
        except ValueError as error:
            told.refused.append(f"{one.where}: {error}")
            continue
        if element in known:
            rows.append((site, element, day, n))
        else:
            of[site.pk, element, day] = n
    counted = [(s, e, day, n, of.get((s.pk, known[e].of, day))) for s, e, day, n in rows]
    told.changed = put_counts(counted, report=None, by=by)
    told.same = len(rows) - told.changed
    today = beijing(now).date()
    owed = edition("clinical", now).content.get("owed_days", 2)
    latest = {(site, day) for site, _, day, _ in rows if (today - day).days <= owed}
    report_days(latest, door="dhis2", by=by)
    return told


def _sites() -> dict[str, Site | None]:
    found: dict[str, Site | None] = {}
    for site in Site.objects.all():
        found[f"{site.kind}:{site.code}"] = site
        found[site.code] = None if site.code in found else site
    return found


def _row(
    one: DataValue, known: Collection[str], sites: dict[str, Site | None], today: date
) -> tuple[Site, str, date, float]:
    if one.element not in known:
        raise ValueError(f"dataElement {one.element or '—'}; known: {', '.join(known)}")
    site = _site(one.unit, sites)
    day = _day(one.period)
    if day > today:
        raise ValueError(f"period {one.period}: in the future")
    try:
        n = float(one.value)
    except ValueError:
        raise ValueError(f"value {one.value or '—'}: no number") from None
    if not 0 <= n < 1e12:
        raise ValueError(f"value {one.value}: not from 0 to 1e12")
    return site, one.element, day, n


def _site(code: str, sites: dict[str, Site | None]) -> Site:
    found = sites.get(code)
    if found is None:
        why = "of several kinds: write kind:code" if code in sites else "no such site"
        raise ValueError(f"orgUnit {code or '—'}: {why}")
    return found


def _day(period: str) -> date:
    """One day: 20210910 as DHIS2 has it, or 2021-09-10/P1D as ADX has it."""
    text = period.removesuffix("/P1D")
    try:
        if len(text) == 8 and text.isdigit():
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        if text != period:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"period {period or '—'}: one day, as 20210910 or 2021-09-10/P1D")


def give_values(*, since: date, until: date, form: str) -> bytes:
    """Counts of a span as ``dhis2`` (JSON) or ``adx``; read back they change nothing."""
    rows = Count.objects.filter(day__gte=since, day__lte=until).select_related("site")
    rows = rows.order_by("day", "site__kind", "site__code", "syndrome")
    if form == "dhis2":
        told = [
            {
                "dataElement": row.syndrome,
                "period": f"{row.day:%Y%m%d}",
                "orgUnit": f"{row.site.kind}:{row.site.code}",
                "value": f"{row.n:g}",
            }
            for row in rows
        ]
        return json.dumps({"dataValues": told}, ensure_ascii=False).encode()
    root = Element("adx", {"xmlns": ADX, "exported": beijing(clock.now()).isoformat()})
    groups: dict[tuple[date, str], Element] = {}
    for row in rows:
        unit = f"{row.site.kind}:{row.site.code}"
        group = groups.get((row.day, unit))
        if group is None:
            told_of = {"orgUnit": unit, "period": f"{row.day}/P1D", "dataSet": "sentinel"}
            group = groups[row.day, unit] = Element("group", told_of)
            root.append(group)
        group.append(Element("dataValue", {"dataElement": row.syndrome, "value": f"{row.n:g}"}))
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))
