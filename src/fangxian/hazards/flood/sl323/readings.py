"""Readings of SL 323 through the intake, so that they are judged like any frame; what has no series
here is kept as it came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import transaction

from fangxian.spine.core.rights import Seat
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.models import Station

from .form import RAIN, RAIN_BY_INTV, Form, forms, key_of, moment, number, series_of
from .models import Kept
from .report import Report, readable
from .sources import Row, Source

SOURCE = "SL 323"
BATCH = 20_000
Found = list[tuple[str, str, float]]  # element, column, value
Wrong = tuple[str, str]  # zh, en


@dataclass
class Batch:
    """What goes to the intake and what is kept, and what the last rows said of each moment."""

    told: dict[tuple[str, str, datetime], float] = field(default_factory=dict)
    rest: list[Row] = field(default_factory=list)


@transaction.atomic
def keep(form: Form, rows: Sequence[Row], report: Report) -> None:
    """Rows as they came; of one key the last, and that there were others is told."""
    told: dict[str, Row] = {}
    for row in rows:
        key = key_of(form, row)
        if told.get(key, row) != row:
            report.refuse(
                form.table, key, "同一主键有几行，留最后一行", "the last of its key is kept"
            )
        told[key] = row
    timed = "TM" in form.key
    Kept.objects.bulk_create(
        [
            Kept(table=form.table, key=key, row=row, at=moment(row["TM"]) if timed else None)
            for key, row in told.items()
        ],
        update_conflicts=True,
        unique_fields=["table", "key"],
        update_fields=["row"],
        batch_size=500,
    )
    report.kept[form.table] = report.kept.get(form.table, 0) + len(told)


def take_readings(
    source: Source, table: str, report: Report, by: Seat, **span: datetime | None
) -> None:
    """A value that is not there is missing, never zero. A station of several gates has no one
    series of them: its rows are kept."""
    form, intake, batch = forms()[table], Intake(), Batch()
    rows = readable(source, table, report, time="TM", **span)
    several = _several(form, source, span)
    read = _of_rain if table == RAIN else partial(_of_series, table)
    codes = set(Station.objects.values_list("code", flat=True))
    strange: set[str] = set()
    for row in rows:
        at = moment(row.get("TM", ""))
        if at is None or not row.get("STCD"):
            report.refuse(table, key_of(form, row), "没有站码或时间", "no station or time")
            continue
        strange |= {row["STCD"]} - codes
        mine, wrong = ([], []) if row["STCD"] in several else read(row)
        for zh, en in wrong:
            report.refuse(table, key_of(form, row), zh, en)
        if mine:
            report.taken[table] = report.taken.get(table, 0) + 1
        for element, column, value in mine:
            place = row["STCD"], element, at
            if batch.told.get(place, value) != value:
                zh, en = (
                    f"同一时刻有几个 {column}，取最后一个",
                    f"the last {column} of a moment counts",
                )
                report.refuse(table, key_of(form, row), zh, en)
            batch.told[place] = value
        used = {column for _, column, _ in mine}
        left = {k: v for k, v in row.items() if v and k not in used}
        if set(left) - set(form.key) or not mine:
            batch.rest.append(left)
        if len(batch.told) + len(batch.rest) >= BATCH:
            _flush(intake, batch, form, report, by)
    _flush(intake, batch, form, report, by)
    if strange:
        report.unjoined[table] = sorted(strange)


def _several(form: Form, source: Source, span: dict[str, datetime | None]) -> set[str]:
    """Stations with more than one gate in a table of gates."""
    parts = [column for column in form.key if column not in ("STCD", "TM", "INTV")]
    if not parts:
        return set()
    gates: dict[str, set[tuple[str, ...]]] = {}
    for row in readable(source, form.table, Report(), time="TM", **span):
        gates.setdefault(row.get("STCD", ""), set()).add(tuple(row.get(p, "") for p in parts))
    return {code for code, mine in gates.items() if len(mine) > 1}


def _flush(intake: Intake, batch: Batch, form: Form, report: Report, by: Seat) -> None:
    if batch.told:
        rows = [(*place, value) for place, value in batch.told.items()]
        verdicts = intake.accept(arrivals_of(rows, source=f"{SOURCE} {form.table}"), by=by)
        report.readings += verdicts.taken + verdicts.held
        report.changed += verdicts.readings
    if batch.rest:
        keep(form, batch.rest, report)
    batch.told.clear()
    batch.rest.clear()


def _of_rain(row: Row) -> tuple[Found, list[Wrong]]:
    """An interval nobody knows is kept as it came, and told."""
    found: Found = []
    wrong = _unread(row, ("DRP", "DYP"))
    intv = number(row.get("INTV", ""))
    element = RAIN_BY_INTV.get(f"{intv:.2f}") if intv is not None else None
    mm = number(row.get("DRP", ""))
    if mm is not None and element:
        found.append((element, "DRP", mm))
    elif mm is not None:
        told = row.get("INTV", "")
        wrong.append((f"不知道时段长 {told!r}，只留存", f"unknown interval {told!r}: only kept"))
    if (day := number(row.get("DYP", ""))) is not None and element != "PD":
        found.append(("PD", "DYP", day))
    return found, wrong


def _of_series(table: str, row: Row) -> tuple[Found, list[Wrong]]:
    columns = series_of()[table]
    found = [
        (element, column, value)
        for column, element in columns.items()
        if (value := number(row.get(column, ""))) is not None
    ]
    return found, _unread(row, columns)


def _unread(row: Row, columns: Iterable[str]) -> list[Wrong]:
    texts = {c: row[c] for c in columns if row.get(c) and number(row[c]) is None}
    return [(f"{c} 不是数：{t}", f"{c} is no number: {t}") for c, t in texts.items()]
