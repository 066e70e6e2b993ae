"""The door to the registers: a table that people fill, declared once by its columns, and from that
its template, its import with the differences shown first, its export, the form of one row, and
undo. What rows mean is said by the rooms that declare doors; the tables themselves are in tables/.

A row is a mapping of column to text in one canonical form, the same for what is there and for what
comes in, so that a difference is a difference of texts."""

import difflib
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from . import clock
from .events import Entry, Named, record, record_many
from .models import Import
from .problems import Problem
from .rights import Seat, may, require_sight, visible
from .seal import Sealed, declare_sealed, seal
from .steps import Machine, Step
from .tables import MISSING, UnreadableError

Row = dict[str, str]
Key = tuple[str, ...]
HIDDEN = "＊＊"
ANYWHERE = "*"  # the scope of a row of no place yet: whoever may enter any may enter it
VERSION = "#"  # a column that an export brings: what the row was then
PURPOSE = "import"
declare_sealed(Sealed(Import, "rows_sealed", PURPOSE))
IMPORT = Machine(
    "import",
    states={"taken": Q(undone_at__isnull=True), "undone": Q(undone_at__isnull=False)},
    sets={"taken": {}, "undone": {}},
    steps={"undo": Step(("taken",), "undone", event="register.import_undone")},
    done=frozenset({"undone"}),
)


def plain(text: str) -> str:
    """A text as it stands, without the blanks around it."""
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its heads, how a text is read (to its canonical form; UnreadableError says why
    not), and what may stand in it. ``known`` gives what may stand there as texts and the canonical
    form of each; "" for one that says more than one thing. ``secret`` is never shown."""

    name: str
    zh: str
    en: str
    read: Callable[[str], str] = plain
    known: Callable[[Any], Mapping[str, str]] | None = None
    offered: Callable[[Any], Iterable[str]] | None = None  # the drop-down, where that is shorter
    needed: bool = False
    heads: tuple[str, ...] = ()  # other heads people write for it
    secret: bool = False
    mask: Callable[[str], str] = lambda text: HIDDEN if text else ""
    sealed: bool = False  # kept elsewhere: what is there is a mask of it
    fixed: str = ""  # what an empty cell of a new row means
    hint_zh: str = ""
    hint_en: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One row before and after; ``before`` None makes it, ``after`` None takes it away."""

    key: Key
    before: Row | None
    after: Row | None
    row: int = -1  # of the table; -1 for one that follows of others


Wrong = tuple[str, str, str]  # column, zh, en


class Look:
    """What a door looks up while it reads a table; rooms add to it. ``coming`` are the keys of the
    rows that come with the same table."""

    def __init__(self) -> None:
        self.coming: set[Key] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A table that people fill. ``there`` gives what is there now by key; ``scope`` the path of
    the place a row belongs to (None: of no place, only the whole city's own may; or ANYWHERE);
    ``judge`` what is wrong with a whole row; ``also`` changes that follow of others; ``fill`` gives
    a row what its key needs. ``write`` makes changes and is told nothing else."""

    code: str
    zh: str
    en: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    there: Callable[[Any], dict[Key, Row]]
    scope: Callable[[Row, Any], str | None]
    write: Callable[[Sequence[Change], Seat, Any], None]
    look: Callable[[], Any] = Look
    judge: Callable[[Row, Row | None, Any], Iterable[Wrong]] = lambda row, before, look: ()
    also: Callable[["Examined", dict[Key, Row]], None] = lambda found, there: None
    fill: Callable[[Row, dict[Key, Row], Any], None] = lambda row, there, look: None
    right: str = "register.write"
    reads: str = "register.read"
    hint_zh: str = ""
    hint_en: str = ""

    def field(self, name: str) -> Field:
        return next(one for one in self.fields if one.name == name)

    def masked(self, row: Row) -> Row:
        """A row without what is secret."""
        masks = {one.name: one.mask for one in self.fields if one.secret}
        return {k: masks[k](v) if k in masks else v for k, v in row.items()}

    def name(self, language: str) -> str:
        return self.zh if language.startswith("zh") else self.en


DOORS: dict[str, Door] = {}


def declare_doors(*doors: Door) -> None:
    """Make doors known. Twice does no harm."""
    DOORS.update({one.code: one for one in doors})


def door(code: str) -> Door:
    """Raises ``door.unknown``."""
    if code not in DOORS:
        raise Problem("door.unknown", kind=code, known=", ".join(DOORS))
    return DOORS[code]


@dataclass
class Examined:
    """What a table would change: changes in its order and those that follow of them, how many rows
    are there already, and what is wrong in which row."""

    door: Door
    rows: int
    changes: list[Change] = field(default_factory=list)
    implied: list[Change] = field(default_factory=list)
    same: int = 0
    wrong: list[tuple[int, str, str, str]] = field(default_factory=list)  # row, column, zh, en

    @property
    def made(self) -> int:
        return sum(change.before is None for change in self.changes)

    @property
    def changed(self) -> int:
        return len(self.changes) - self.made

    @property
    def bad_rows(self) -> int:
        return len({row for row, *_ in self.wrong})


def examine(
    one: Door, given: Sequence[Mapping[str, str]], *, by: Seat, look: Any = None
) -> Examined:
    """What these rows (column to text as written; a column that is not given stays as it is) would
    change. Nothing is written."""
    require_sight(by, one.right)
    look = look or one.look()
    there = one.there(look)
    found = Examined(one, len(given))
    known = {f.name: f.known(look) for f in one.fields if f.known}
    read = [_read(one, n, row, known, found) for n, row in enumerate(given)]
    for row in read:
        if row is not None:
            one.fill(row, there, look)
    keys = [tuple(row.get(k, "") for k in one.key) if row is not None else None for row in read]
    look.coming = {key for key in keys if key is not None}
    seen: dict[Key, int] = {}
    for n, (row, key) in enumerate(zip(read, keys, strict=True)):
        if row is None or key is None:
            continue
        if key in seen:
            zh = f"与前面第 {seen[key] + 1} 行是同一项"
            found.wrong.append((n, one.key[-1], zh, f"the same as data row {seen[key] + 1}"))
            continue
        seen[key] = n
        _judge(one, n, row, there.get(key), look, by, key, found)
    one.also(found, there)
    return found


def row_version(row: Row) -> str:
    """What a row is known by while it is the same."""
    text = json.dumps(row, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _read(
    one: Door,
    n: int,
    given: Mapping[str, str],
    known: Mapping[str, Mapping[str, str]],
    found: Examined,
) -> Row | None:
    """The row in canonical texts; None where a cell of it is wrong, and every such is told."""
    row: Row = {VERSION: given[VERSION]} if given.get(VERSION) else {}
    before = len(found.wrong)
    for column in one.fields:
        if column.name not in given:
            continue
        text = plain(given[column.name])
        if text.casefold() in MISSING or text == column.fixed:
            row[column.name] = column.fixed
            continue
        try:
            row[column.name] = _canonical(column, text, known.get(column.name))
        except UnreadableError as error:
            found.wrong.append((n, column.name, error.zh, error.en))
    told = {column for _, column, *_ in found.wrong[before:]}
    lacking = [c for c in one.fields if c.needed and not row.get(c.name) and c.name not in told]
    for column in lacking:
        if column.name in row or column.name in one.key:
            found.wrong.append((n, column.name, f"“{column.zh}”不能空", f"{column.en} is needed"))
    return row if len(found.wrong) == before else None


def _canonical(column: Field, text: str, known: Mapping[str, str] | None) -> str:
    if known is None:
        return column.read(text)
    value = known.get(text) or known.get(text.casefold())
    if value:
        return value
    if value == "":
        zh, en = (
            f"“{text}”不止一个，请写编号、代码或全名",
            f"{text!r} may be several; give its code",
        )
        raise UnreadableError(zh, en)
    near = difflib.get_close_matches(text, list(known)[:20_000], 3)
    hint_zh = f"；相近的有 {'、'.join(near)}" if near else ""
    hint_en = f"; near: {', '.join(near)}" if near else ""
    raise UnreadableError(f"没有“{text}”{hint_zh}", f"there is no {text!r}{hint_en}")


def _judge(
    one: Door, n: int, row: Row, before: Row | None, look: Any, by: Seat, key: Key, found: Examined
) -> None:
    version = row.pop(VERSION, "")
    blank = {column.name: column.fixed for column in one.fields}
    after = {**blank, **(before or {}), **row}
    if before is None:
        for column in one.fields:
            if column.needed and not after[column.name]:
                zh, en = f"“{column.zh}”不能空", f"{column.en} is needed"
                found.wrong.append((n, column.name, zh, en))
                return
    if after == before:
        found.same += 1
        return
    wrong = list(one.judge(after, before, look))
    if version and (before is None or version != row_version(before)):
        zh, en = "导出后此行已有人改动，请重新导出", "somebody changed this row since the export"
        if before is None:
            zh, en = (
                "主键改了或已删除；新增行请清空“#”",
                "its key was changed; clear # for a new row",
            )
        wrong.append((one.key[-1], zh, en))
    mine = wrong or all(
        in_scope(by, one.right, one.scope(row, look)) for row in (before, after) if row
    )
    if not mine:
        wrong = [(one.key[0], "不在你的辖区，无权登记", "outside what you may enter")]
    found.wrong += [(n, *each) for each in wrong]
    if not wrong:
        found.changes.append(Change(key, before, after, n))


def in_scope(by: Seat, right: str, path: str | None) -> bool:
    if path == ANYWHERE:
        return visible(by, right) is not None
    whole = by.place_path if by.level == "city" else None  # of no place: the whole city's own
    return may(by, right, place=path or whole)


def tell_export(code: str, rows: int, *, by: Seat) -> None:
    """Who took a table away is recorded."""
    with transaction.atomic():
        entry = Entry("register.exported", Named("door", code), None, {"rows": rows})
        record_many([entry], by=by)


@transaction.atomic
def take(
    one: Door,
    given: Sequence[Mapping[str, str]],
    *,
    by: Seat,
    source: str,
    valid_rows: bool = False,
) -> tuple[Examined, Import | None]:
    """Make the changes of a table, all of it or with ``valid_rows`` the rows without errors. Raises
    ``door.errors``. Without any change there is no import."""
    look = one.look()
    found = examine(one, given, by=by, look=look)
    if found.wrong and not valid_rows:
        raise Problem("door.errors", n=len(found.wrong))
    changes = [*found.implied, *found.changes]
    if not changes:
        return found, None
    one.write(changes, by, look)
    changes = _as_kept(one, changes)
    told = {"made": found.made, "changed": found.changed, "implied": len(found.implied)}
    row = Import.objects.create(
        kind=one.code,
        source=source[:200],
        at=clock.now(),
        by=by.label,
        person_id=by.person_id,
        made=found.made,
        changed=found.changed,
        rows_sealed=seal(
            json.dumps([[c.key, c.before, c.after] for c in changes], ensure_ascii=False),
            purpose=PURPOSE,
        ),
    )
    tell_changes(one, changes, by, reason=f"{one.zh}：{source}"[:200])
    record("register.imported", subject=row, by=by, after={"kind": one.code, **told})
    return found, row


def _as_kept(one: Door, changes: Sequence[Change]) -> list[Change]:
    """The changes with the rows as they are there now, where part of a row is kept elsewhere."""
    if not any(column.sealed for column in one.fields):
        return list(changes)
    there = one.there(one.look())
    return [Change(c.key, c.before, c.after and there[c.key], c.row) for c in changes]


def tell_changes(one: Door, changes: Iterable[Change], by: Seat, *, reason: str) -> None:
    """One event a row, saying what of it changed and nothing that is secret."""
    entries = []
    for change in changes:
        before = one.masked(change.before) if change.before else None
        after = one.masked(change.after) if change.after else None
        if change.before and change.after and before and after:
            moved = [k for k in change.after if change.before.get(k) != change.after[k]]
            before, after = {k: before.get(k, "") for k in moved}, {k: after[k] for k in moved}
        subject = Named(one.code, "/".join(change.key)[:60])
        entries.append(Entry("register.entered", subject, before, after, reason))
    record_many(entries, by=by)


def remove(rows: Iterable[models.Model]) -> None:
    """Take rows away, many at once. Raises ProtectedError where others rest on one."""
    rows = list(rows)
    for at in range(0, len(rows), 500):
        piece = rows[at : at + 500]
        type(piece[0])._base_manager.filter(pk__in=[row.pk for row in piece]).delete()


def rows_of(one: Door, *, seat: Seat, look: Any = None) -> list[Row]:
    """What is there, as far as the seat may see it, in the order of keys; for export and forms."""
    require_sight(seat, one.reads)
    look = look or one.look()
    found = []
    for _, row in sorted(one.there(look).items()):
        if in_scope(seat, one.reads, one.scope(row, look)) or seat.role == "system":
            found.append(row)
    return found
