"""Rain forecasts taken in from files: every issue and member once; what is wrong names itself and
stops no other. What files say is rain_table.py, rain_grids.py, rain_netcdf.py.
docs/forecast-files.md."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.tables import Answer, Note, UnreadableError

from .basins import basins_at
from .models import Basin
from .rain_grids import (
    Gridded,
    Land,
    Rows,
    ascii_rain,
    box_of,
    group_steps,
    land_of,
    rain_by_basin,
)
from .rain_netcdf import read_netcdf
from .rain_table import read_rain_table
from .write import take_rain

ASCII = {".asc"}
NETCDF = {".nc", ".nc4", ".cdf", ".netcdf"}
TABLES = {".csv", ".xlsx", ".xlsm", ".txt", ".tsv", ".gz"}


@dataclass(frozen=True)
class Asked:
    """What the call says of the files: whose rain, and what they do not say themselves.
    ``accumulated`` None is as a file says."""

    source: str
    issued: datetime | None = None
    member: str | None = None
    accumulated: bool | None = None


@dataclass
class Taking:
    """What became of each forecast."""

    asked: Asked
    by: Seat
    taken: dict[str, list[tuple[str, int, float]]] = field(default_factory=dict)
    issues: set[datetime] = field(default_factory=set)
    same: int = 0
    refused: dict[tuple[str, datetime, str, str], list[str]] = field(default_factory=dict)
    told: Answer = field(default_factory=lambda: Answer({}))
    lands: list[Land] | None = None

    def take(self, basin: Basin, member: str, at: datetime, mm: Rows, origin: str) -> None:
        """One of a basin and member, the same again changing nothing."""
        try:
            if len(member) > 20:
                zh, en = f"成员名“{member}”过长（20 字）", f"the name {member!r} is over 20 letters"
                raise UnreadableError(zh, en)
            found = take_rain(
                basin=basin, source=self.asked.source, member=member, issued_at=at, mm=mm,
                origin=origin, by=self.by,
            )  # fmt: skip
        except Problem as problem:
            self.refuse(
                basin.code, member, at, UnreadableError(problem.text("zh"), problem.text("en"))
            )
            return
        except UnreadableError as error:
            self.refuse(basin.code, member, at, error)
            return
        self.issues.add(at)
        total = sum(map(sum, mm)) / len(mm[0])
        self.taken.setdefault(basin.code, []).append((member, len(mm), total))
        self.same += found is None

    def refuse(self, basin: str, member: str, at: datetime, why: UnreadableError) -> None:
        """Members with one reason are told together."""
        self.refused.setdefault((basin, at, why.zh, why.en), []).append(member)

    def wrong(self, error: UnreadableError | Note) -> None:
        self.told.errors.append(Note(error.zh, error.en))

    def answer(self) -> Answer:
        """Counts first, then each basin."""
        for (basin, at, zh, en), members in self.refused.items():
            some = ", ".join(members[:5]) + (f" … ({len(members)})" if len(members) > 5 else "")
            when = f"{clock.beijing(at):%Y-%m-%d %H:%M}"
            note = Note(f"{basin} 成员 {some} {when} 未收：{zh}",
                        f"{basin} member {some} {when} not taken: {en}")  # fmt: skip
            self.told.errors.append(note)
        for code, rows in sorted(self.taken.items()):
            short, long = min(hours for _, hours, _ in rows), max(hours for _, hours, _ in rows)
            if short < long:
                zh = f"{code} 的成员长短不一：{short}–{long} 小时，短的之后按无雨"
                en = f"{code}: members of {short} to {long} hours; after the short ones no rain"
                self.told.notes.append(Note(zh, en))
        here = sum(map(len, self.taken.values()))
        self.told.told = {
            "source": self.asked.source,
            "issued": [f"{clock.beijing(at):%Y-%m-%d %H:%M}" for at in sorted(self.issues)],
            "taken": here - self.same,
            "same": self.same,
            "refused": sum(map(len, self.refused.values())),
            "basins": [
                {
                    "basin": code,
                    "forecasts": len(rows),
                    "hours": max(hours for _, hours, _ in rows),
                    "mm": round(sum(mm for _, _, mm in rows) / len(rows), 2),
                }
                for code, rows in sorted(self.taken.items())
            ],
        }
        return self.told


def take_files(path: Path, asked: Asked, *, by: Seat) -> Answer:
    """All a file or a folder holds. Raises ``input.invalid``, for a file alone what is wrong with
    it, and ``file.unfit`` for a folder without any."""
    if not asked.source.strip() or len(asked.source) > 40:
        raise Problem("input.invalid", field="source", why="1–40 个字 / 1-40 letters")
    if asked.issued is not None and asked.issued > clock.now():
        when = f"{clock.beijing(asked.issued):%Y-%m-%d %H:%M}"
        raise Problem("input.invalid", field="issued", why=f"{when} 还没有到 / is yet to come")
    taking = Taking(asked, by)
    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    known = ASCII | NETCDF | TABLES
    fit = [p for p in files if p.suffix.lower() in known and not p.name.startswith((".", "~$"))]
    left = [p.name for p in files if p not in fit]
    if not fit:
        ends = " ".join(sorted(known))
        zh, en = f"没有雨量预报文件（{ends}）", f"no file of a rain forecast ({ends})"
        raise Problem("file.unfit", file=path.name, zh=zh, en=en)
    if left:
        some = ", ".join(left[:9])
        note = Note(f"未读 {len(left)} 个文件：{some}", f"{len(left)} files are not read: {some}")
        taking.told.notes.append(note)
    grids = [p for p in fit if p.suffix.lower() in ASCII]
    words = [partial(_take_ascii, grids, path.name)] if grids else []
    for one in [p for p in fit if p.suffix.lower() not in ASCII]:
        words.append(partial(_take_netcdf if one.suffix.lower() in NETCDF else _take_table, one))
    for word in words:
        try:
            word(taking)
        except Problem as problem:
            if len(files) == 1:
                raise
            taking.wrong(Note(problem.text("zh"), problem.text("en")))
    return taking.answer()


def _lands(taking: Taking) -> list[Land]:
    """The basins of today that grids are good for; those without any outline are told, those that
    lack some are refused."""
    if taking.lands is not None:
        return taking.lands
    taking.lands = []
    for basin in basins_at(clock.now()).prefetch_related("parts"):
        try:
            taking.lands.append(land_of(basin))
        except UnreadableError as error:
            note = Note(f"{basin.code} 未收：{error.zh}", f"{basin.code} not taken: {error.en}")
            some = any(part.shape for part in basin.parts.all())
            (taking.told.errors if some else taking.told.notes).append(note)
    if not taking.lands:
        zh, en = "没有一个流域的分块都有边界", "no basin has outlines of all its parts"
        raise Problem("file.unfit", file=taking.asked.source, zh=zh, en=en)
    return taking.lands


def _take_ascii(paths: Sequence[Path], origin: str, taking: Taking) -> None:
    asked = taking.asked
    if asked.issued is None and len(paths) == 1 and "_+" in paths[0].stem:
        zh, en = "文件名不含发布时刻，请给 --issued", "the name tells no issue: give --issued"
        raise Problem("call.wrong", zh=f"{paths[0].name} {zh}", en=f"{paths[0].name}: {en}")
    found, wrong = group_steps(paths, asked.issued)
    taking.told.errors += wrong
    for at, steps in sorted(found.items()):
        counted = bool(asked.accumulated)
        one = ascii_rain(steps, at, member=asked.member or "1", accumulated=counted, origin=origin)
        _take_grids(one, taking)


def _take_netcdf(path: Path, taking: Taking) -> None:
    asked, lands = taking.asked, _lands(taking)
    one, close = read_netcdf(
        path,
        issued=asked.issued,
        member=asked.member,
        accumulated=asked.accumulated,
        box=box_of(lands),
    )
    try:
        _take_grids(one, taking)
    finally:
        close()


def _take_grids(one: Gridded, taking: Taking) -> None:
    taking.told.notes += one.notes
    if one.issued_at > clock.now():
        taking.wrong(_to_come(one.origin, one.issued_at))
        return
    lands = _lands(taking)
    by_code = {land.basin.code: land.basin for land in lands}
    found = [
        (code, member, rain)
        for member in one.members
        for code, rain in rain_by_basin(one, member, lands).items()
    ]
    with transaction.atomic():  # read before, and all members at once: never half an ensemble
        for code, member, rain in found:
            if isinstance(rain, UnreadableError):
                taking.refuse(code, member, one.issued_at, rain)
            else:
                taking.take(by_code[code], member, one.issued_at, rain, one.origin)


def _to_come(name: str, at: datetime) -> UnreadableError:
    when = f"{clock.beijing(at):%Y-%m-%d %H:%M}"
    zh = f"{name}：发布时刻 {when} 还没有到（时区？）"
    return UnreadableError(zh, f"{name}: issued {when} Beijing, which is yet to come (a zone?)")


def _take_table(path: Path, taking: Taking) -> None:
    """Every member of a table whose rows are right."""
    asked = taking.asked
    told = read_rain_table(
        path, issued=asked.issued, member=asked.member, accumulated=bool(asked.accumulated)
    )
    taking.told.read.append(told.table)
    with transaction.atomic():
        for (code, member, at), rows in told.rain.items():
            if isinstance(rows, UnreadableError):
                taking.refuse(code, member, at, rows)
            else:
                taking.take(told.basins[code], member, at, rows, path.name)
