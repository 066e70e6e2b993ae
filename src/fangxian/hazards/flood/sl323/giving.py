"""Tables of SL 323 written out: rows as they came with what our registers know now, readings of a
window, and our forecasts; as a folder of CSV files."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from fangxian.hazards.flood.forecast.models import Issue, RatingPoint
from fangxian.spine.assess.read import thresholds_in_force
from fangxian.spine.core import clock
from fangxian.spine.core.events import Entry, Named, record_many
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.observe.models import Series, Station, in_use
from fangxian.spine.observe.store import from_s, store

from .form import INTV_OF, RAIN, forms, key_of, moment, moment_text, number, series_of
from .models import Kept
from .sources import plain
from .taking import MARK_COLUMNS

Row = dict[str, str]
RANGE = "FX_RIVERS_F_RANGE"  # our own extension: the standard has no column for a range
UNIT = "Fangxian"


def give_tables(
    folder: Path,
    *,
    by: Seat,
    since: datetime,
    until: datetime,
    done: Callable[[str, int], None] = lambda table, n: None,
) -> dict[str, int]:
    """Write every table that has rows; how many rows each has."""
    require(by, "register.read", place=by.place_path)
    folder.mkdir(parents=True, exist_ok=True)
    told: dict[str, int] = {}
    for table, rows in _tables(since, until):
        if rows:
            _write(folder / f"{table}.csv", table, rows)
            told[table] = len(rows)
            done(table, len(rows))
    with transaction.atomic():
        record_many([Entry("sl323.given", Named("sl323", UNIT), None, {"rows": told})], by=by)
    return told


def _tables(since: datetime, until: datetime) -> Iterator[tuple[str, list[Row]]]:
    own: dict[str, Callable[[dict[str, Row]], None]] = {
        "ST_STBPRP_B": _stations,
        "ST_RVFCCH_B": _marks,
        "ST_RSVRFSR_B": _seasons,
        "ST_ZQRL_B": _ratings,
    }
    for name in forms():
        rows = _kept(name, since, until)
        if name in own:
            own[name](rows)
        elif name.endswith("_R"):
            _readings(name, rows, since, until)
        elif name == "ST_RIVERS_F":
            rows |= {key_of(forms()[name], row): row for row in _forecasts(since, until)}
        yield name, [rows[key] for key in sorted(rows)]
    yield RANGE, list(_ranges(since, until))


def _kept(table: str, since: datetime, until: datetime) -> dict[str, Row]:
    """By key; of readings those of the window."""
    rows = Kept.objects.filter(table=table)
    mine = rows.filter(Q(at=None) | Q(at__range=(since, until)))
    return dict(mine.values_list("key", "row").iterator())


def _same(before: str, now: float) -> bool:
    """The text that came stays where its number is the same."""
    was = number(before)
    return was is not None and abs(was - now) < 1e-9


def _put(row: Row, column: str, value: float | str | None) -> None:
    """What we know now, in their text where it says the same."""
    if value is None or value == "":
        return
    if isinstance(value, str):
        row[column] = value
    elif not _same(row.get(column, ""), value):
        row[column] = plain(float(value))


def _stations(rows: dict[str, Row]) -> None:
    for one in Station.objects.filter(in_use()).select_related("place"):
        row = rows.setdefault(one.code, {"STCD": one.code, "ADDVCD": one.place.code[:6]})
        _put(row, "STNM", one.name)
        _put(row, "RVNM", one.river)
        _put(row, "DTMNM", one.datum)
        for column, value in (("LGTD", one.lon), ("LTTD", one.lat)):
            theirs = f"{column}1" if f"{column}1" in row and column not in row else column
            before = number(row.get(theirs, ""))
            if value is not None and (before is None or abs(before - value) >= 1e-6):
                row[theirs] = f"{value:.6f}"


def _marks(rows: dict[str, Row]) -> None:
    columns = {mark: column for column, mark in MARK_COLUMNS.items()}
    for one in thresholds_in_force(clock.now(), family="river").exclude(station=None):
        if one.mark in columns and one.station is not None:
            row = rows.setdefault(one.station.code, {"STCD": one.station.code})
            _put(row, columns[one.mark], one.value)


def _seasons(rows: dict[str, Row]) -> None:
    form = forms()["ST_RSVRFSR_B"]
    for one in thresholds_in_force(clock.now(), family="reservoir", mark="FSLTDZ"):
        if one.station is None or not one.season_from:
            continue
        row = {"STCD": one.station.code, "BGMD": one.season_from, "EDMD": one.season_to}
        _put(rows.setdefault(key_of(form, row), row), "FSLTDZ", one.value)


def _ratings(rows: dict[str, Row]) -> None:
    """Points that did not come from them."""
    form, numbers = forms()["ST_ZQRL_B"], defaultdict[tuple[str, str], int](int)
    there = set()
    for row in rows.values():
        begun = moment(row.get("BGTM", ""))
        curve = row.get("STCD", ""), moment_text(begun) if begun else ""
        there.add((*curve, number(row.get("Z", ""))))
        numbers[curve] = max(numbers[curve], int(number(row.get("PTNO", "")) or 0))
    for one in RatingPoint.objects.select_related("station").order_by("stage_m"):
        began = moment_text(one.valid_from) if one.valid_from else ""
        curve = one.station.code, began
        if (*curve, one.stage_m) in there:
            continue
        numbers[curve] += 1
        row = {
            "STCD": one.station.code,
            "BGTM": began,
            "PTNO": str(numbers[curve]),
            "Z": plain(one.stage_m),
            "Q": plain(one.flow_m3s),
        }
        rows[key_of(form, row)] = row


def _readings(table: str, rows: dict[str, Row], since: datetime, until: datetime) -> None:
    """To the rows kept of a window, those of the series; a day's rain last, which goes to another
    row of its moment."""
    form = forms()[table]
    by_moment: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, row in rows.items():
        if told := moment(row.get("TM", "")):
            by_moment[row.get("STCD", ""), moment_text(told)].append(key)
    columns = {v: k for k, v in series_of().get(table, {}).items()}
    wanted = dict.fromkeys(INTV_OF, "DRP") if table == RAIN else columns
    kinds = _kinds(table)
    series = Series.objects.filter(element__in=wanted).select_related("station")
    for one in sorted(series, key=lambda s: (s.element == "PD", s.pk)):
        if kinds and not kinds(one.station.code, one.element):
            continue
        span = {"since_s": int(since.timestamp()) - 1, "until_s": int(until.timestamp())}
        for at_s, value, _, _ in store().span([one.pk], **span)[one.pk]:
            if value is None:
                continue
            at = moment_text(from_s(at_s))
            where = one.station.code, at
            if table == RAIN:
                _rain(rows, by_moment[where], where, one.element, value)
            else:
                row = _row(rows, by_moment[where], where, form.key)
                row[wanted[one.element]] = plain(float(value))


def _row(
    rows: dict[str, Row], keys: list[str], where: tuple[str, str], key: tuple[str, ...]
) -> Row:
    if not keys:
        row = {"STCD": where[0], "TM": where[1]}
        name = "|".join(row.get(column, "") for column in key)
        rows[name] = row
        keys.append(name)
    return rows[keys[0]]


def _rain(
    rows: dict[str, Row], keys: list[str], where: tuple[str, str], element: str, value: float
) -> None:
    """One row an interval; a day's rain beside another interval is its DYP."""
    mine = [k for k in keys if rows[k].get("INTV")]
    intv = INTV_OF[element]
    for key in mine:
        if number(rows[key]["INTV"]) == float(intv):
            rows[key]["DRP"] = plain(float(value))
            return
    if element == "PD" and mine:
        rows[mine[0]]["DYP"] = plain(float(value))
        return
    bare = [k for k in keys if not rows[k].get("INTV")]
    row = rows[bare[0]] if bare else {"STCD": where[0], "TM": where[1]}
    if not bare:
        name = "|".join([*where, intv])
        rows[name] = row
        keys.append(name)
    row |= {"DRP": plain(float(value)), "INTV": intv}


def _kinds(table: str) -> Callable[[str, str], bool] | None:
    """Which stations speak in which table, by their kind in ST_STBPRP_B; Z of a tide gauge is a
    tide, of any other a river's."""
    told = dict(Kept.objects.filter(table="ST_STBPRP_B").values_list("key", "row__STTP"))
    groups = {
        "ST_TIDE_R": {"TT"},
        "ST_RSVR_R": {"RR"},
        "ST_WAS_R": {"DD"},
        "ST_PUMP_R": {"DP"},
        "ST_GATE_R": {"DD"},
    }
    if table == RAIN:
        return None
    others = set().union(*groups.values())
    mine = groups.get(table)

    def speaks(code: str, element: str) -> bool:
        kind = told.get(code) or ("RR" if element in {"ZU", "QA", "ZB"} else "")
        return kind in mine if mine else kind not in others

    return speaks


def _issues(since: datetime, until: datetime) -> Iterator[tuple[Issue, str, str]]:
    rows = Issue.objects.filter(issued_at__gte=since, issued_at__lte=until)
    for issue in rows.select_related("basin__outlet").order_by("pk").iterator():
        yield issue, moment_text(issue.at), moment_text(issue.issued_at)


def _head(issue: Issue, basis: str, issued: str, hours: int) -> Row:
    return {
        "STCD": issue.basin.outlet.code,
        "UNITNAME": UNIT,
        "PLCD": issue.basin.model,
        "FYMDH": basis,
        "IYMDH": issued,
        "YMDH": moment_text(issue.at + timedelta(hours=hours)),
    }


def _forecasts(since: datetime, until: datetime) -> Iterator[Row]:
    for issue, basis, issued in _issues(since, until):
        for k, flow in enumerate(issue.told["flow"]):
            stage = issue.told.get("stage", [None] * (k + 1))[k]
            row = _head(issue, basis, issued, k + 1)
            yield {**row, "Z": plain(stage), "Q": plain(flow)}


def _ranges(since: datetime, until: datetime) -> Iterator[Row]:
    for issue, basis, issued in _issues(since, until):
        low, high = issue.told["range"][0], issue.told["range"][-1]
        for k in range(len(low)):
            row = _head(issue, basis, issued, k + 1)
            yield {**row, "Q05": plain(low[k]), "Q95": plain(high[k])}


def _write(path: Path, table: str, rows: list[Row]) -> None:
    """Columns in the order they are first met, the key's first."""
    key = forms()[table].key if table in forms() else ("STCD", "IYMDH", "YMDH")
    columns = list(dict.fromkeys([*key, *(column for row in rows for column in row)]))
    columns = [c for c in columns if any(row.get(c) for row in rows)]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
        out.writeheader()
        out.writerows(rows)
