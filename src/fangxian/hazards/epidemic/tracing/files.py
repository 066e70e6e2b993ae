"""Contacts of other systems' files: Go.Data relationships with their people, SORMAS contacts (two
head rows, repeated columns, ISO-8859-1), and a plain table that is also what goes out."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.db.models import QuerySet

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.tables import UnreadableError, read_moment
from fangxian.spine.people.matching import Record
from fangxian.spine.people.models import Person
from fangxian.spine.people.write import enter_persons
from fangxian.spine.registry.models import Place

from . import read
from .models import Edge
from .write.edges import End, Told, end_of_person, enter_edges, whole_days

PLAIN = ("a_kind", "a_key", "b_kind", "b_key", "kind", "since", "until", "certainty")
OUT = (*PLAIN, "hours_known", "source_kind", "source_key")
AMERICAN = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})$")


@dataclass(frozen=True, slots=True)
class Row:
    """One edge of a file: two ends, how, when, how sure; persons by the file's own numbers."""

    where: str
    a: tuple[str, str]
    b: tuple[str, str]
    kind: str
    since: datetime
    until: datetime
    hours: bool
    certainty: int


@dataclass
class Found:
    """What a file tells: edges, who its persons are, and rows that cannot be used."""

    system: str
    rows: list[Row] = field(default_factory=list)
    people: dict[str, Record] = field(default_factory=dict)
    wrong: list[dict[str, str]] = field(default_factory=list)

    def refuse(self, where: str, zh: str, en: str) -> None:
        self.wrong.append({"where": where, "zh": zh, "en": en})


def text_of(path: Path) -> str:
    """A file in UTF-8, else in ISO-8859-1 if it is SORMAS's, else in GB 18030 (whose letters would
    make Chinese of ö)."""
    raw = path.read_bytes()
    european = b"caseIdExternalSystem" in raw[:4000] or b"responsibleRegion" in raw[:4000]
    for encoding in ("utf-8-sig", "iso-8859-1" if european else "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Problem("table.encoding", file=path.name)


def read_file(path: Path, people: Path | None = None) -> Found:
    """The edges of a file, by whichever system its head is. Raises ``table.no_column``."""
    text = text_of(path)
    first = text.splitlines()[0] if text.strip() else ""
    dialect = ";" if first.count(";") > first.count(",") else ","
    table = [row for row in csv.reader(io.StringIO(text), delimiter=dialect) if any(row)]
    table = [row for row in table if not row[0].startswith("##")]
    if not table:
        raise Problem("table.no_rows", file=path.name)
    head = [cell.strip() for cell in table[0]]
    if {"source_visualid", "target_visualid"} <= set(head):
        return _godata(path.name, head, table[1:], people)
    if len(table) > 1 and "caseIdExternalSystem" in table[1]:
        return _sormas(path.name, [cell.strip() for cell in table[1]], table[2:])
    if set(PLAIN) <= set(head):
        return _plain(path.name, head, table[1:])
    raise Problem("table.no_column", file=path.name, column=PLAIN[0], has=", ".join(head[:12]))


def _cells(head: list[str], row: list[str]) -> dict[str, str]:
    """A row by its heads; of columns that stand twice the first that is filled."""
    found: dict[str, str] = {}
    for name, cell in zip(head, row, strict=False):
        if cell.strip() and not found.get(name):
            found[name] = cell.strip()
    return found


def _numbered(
    name: str, head: list[str], rows: list[list[str]], first: int
) -> Iterator[tuple[str, dict[str, str]]]:
    for k, row in enumerate(rows):
        yield f"{name} {k + first}", _cells(head, row)


def _when(text: str) -> tuple[datetime, datetime, bool]:
    """The span of a date, whole where it has no hours. Raises UnreadableError."""
    found = AMERICAN.match(text)
    if found:  # SORMAS writes month.day.year in its templates for contacts
        text = f"{found[3]}-{found[1]}-{found[2]}"
    moment = read_moment(text)
    if moment.day_only:
        return *whole_days(moment.at), False
    return moment.at, moment.at, True


def _godata(name: str, head: list[str], rows: list[list[str]], people: Path | None) -> Found:
    found = Found("godata")
    if people is not None:
        lines = [row for row in csv.reader(io.StringIO(text_of(people))) if any(row)]
        for _, cells in _numbered(people.name, lines[0], lines[1:], 2):
            who = " ".join(cells.get(part, "") for part in ("firstName", "lastName")).strip()
            if key := cells.get("contact_id") or cells.get("case_id"):
                found.people[key] = Record(name=who, id_kind="godata", id_number=key)
    for where, cells in _numbered(name, head, rows, 2):
        a = cells.get("source_visualid") or cells.get("source_uuid", "")
        b = cells.get("target_visualid") or cells.get("target_uuid", "")
        certain = cells.get("certainty_level", "")[:1]
        told = cells.get("date_of_last_contact", "")
        if not a or not b:
            found.refuse(where, "缺一端", "an end is missing")
            continue
        try:
            since, until, hours = _when(told)
        except UnreadableError as error:
            found.refuse(where, f"末次接触日期：{error.zh}", f"date_of_last_contact: {error.en}")
            continue
        for key in (a, b):
            found.people.setdefault(key, Record(id_kind="godata", id_number=key))
        sure = int(certain) if certain in ("1", "2", "3") else 2
        ends = (("person", a), ("person", b))
        found.rows.append(Row(where, *ends, "contact", since, until, hours, sure))
    return found


def _sormas(name: str, head: list[str], rows: list[list[str]]) -> Found:
    found = Found("sormas")
    for where, cells in _numbered(name, head, rows, 3):
        case = cells.get("caseIdExternalSystem", "").strip()
        who = " ".join(cells.get(f"person.{part}", "") for part in ("firstName", "lastName"))
        if not case or case == "Unknown":
            found.refuse(where, "没有病例编号", "no number of a case")
            continue
        try:
            since, until, hours = _when(cells.get("lastContactDate", ""))
        except UnreadableError:
            zh = "没有末次接触日期：补上后再导入，不用报告日期代替"
            found.refuse(
                where, zh, "no lastContactDate: fill it in; the day of report is no stand-in"
            )
            continue
        key = f"{case}/{who.strip()}"
        parts = [cells.get(f"person.birthdate{part}", "") for part in ("YYYY", "MM", "DD")]
        found.people[key] = Record(name=who.strip(), birth="-".join(part for part in parts if part))
        found.people.setdefault(case, Record(id_kind="sormas", id_number=case))
        ends = (("person", case), ("person", key))
        found.rows.append(Row(where, *ends, "contact", since, until, hours, 2))
    return found


def _plain(name: str, head: list[str], rows: list[list[str]]) -> Found:
    found = Found("table")
    for where, cells in _numbered(name, head, rows, 2):
        try:
            since, _, hours = _when(cells.get("since", ""))
            _, until, more = _when(cells.get("until") or cells.get("since", ""))
        except UnreadableError as error:
            found.refuse(where, error.zh, error.en)
            continue
        sure = cells.get("certainty", "2")
        if until < since or sure not in ("1", "2", "3"):
            found.refuse(where, "起止或把握不对", "since, until or certainty is wrong")
            continue
        a = (cells.get("a_kind", ""), cells.get("a_key", ""))
        b = (cells.get("b_kind", ""), cells.get("b_key", ""))
        exact = hours and more and cells.get("hours_known", "1") != "0"
        kind = cells.get("kind", "")
        found.rows.append(Row(where, a, b, kind, since, until, exact, int(sure)))
    return found


def bring(found: Found, *, place: Place, name: str, by: Seat) -> dict[str, object]:
    """Enter what was read: persons first, each once, then the edges with the file as their source.
    A row that is refused is told and stops no other."""
    people = _people(found, place, by)
    told: list[Told] = []
    for row in found.rows:
        try:
            a, b = _end(row.a, people), _end(row.b, people)
        except KeyError as error:
            found.refuse(row.where, f"没有人员 {error}", f"no person {error}")
            continue
        if row.kind not in Edge.Kind.values or a == b:
            found.refuse(row.where, "关系或两端不对", "how or the ends are wrong")
            continue
        told.append(
            Told(
                a,
                b,
                row.kind,
                row.since,
                row.until,
                hours_known=row.hours,
                certainty=row.certainty,
            )
        )
    made = enter_edges(told, source=(found.system, name[:80]), by=by)
    return {"system": found.system, "edges": len(made), "people": len(people), "wrong": found.wrong}


def _people(found: Found, place: Place, by: Seat) -> Mapping[str, Person]:
    keys = list(found.people)
    rows = enter_persons(
        [found.people[key] for key in keys],
        place=place,
        source=f"流调文件 {found.system}",
        retention="contact",
        by=by,
    )
    return dict(zip(keys, rows, strict=True))


def _end(one: tuple[str, str], people: Mapping[str, Person]) -> End:
    kind, key = one
    if kind != "person":
        return End(kind, key, label=key)
    if key in people:
        return end_of_person(people[key])
    rows = Person.objects.filter(pk=int(key) if key.isdecimal() else 0)
    person = rows.select_related("place").first()
    if person is None:
        raise KeyError(key)
    return end_of_person(person)


def rows_out(*, seat: Seat) -> Iterable[list[str]]:
    """The edges a seat may see as a plain table that comes in again; persons by their numbers."""
    mine = read.nodes(seat=seat).values("pk")
    rows: QuerySet[Edge] = read.edges().filter(a__in=mine, b__in=mine).select_related("a", "b")
    yield list(OUT)
    for edge in rows.order_by("pk").iterator(chunk_size=2000):
        yield [
            edge.a.kind,
            edge.a.key,
            edge.b.kind,
            edge.b.key,
            edge.kind,
            clock.beijing(edge.since_at).isoformat(),
            clock.beijing(edge.until_at).isoformat(),
            str(edge.certainty),
            str(int(edge.hours_known)),
            edge.source_kind,
            edge.source_key,
        ]
