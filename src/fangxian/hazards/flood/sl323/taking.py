"""Tables of SL 323 taken in: stations, tasks, marks, limits, curves through the doors of their
registers, readings through the intake like any other; all else is kept as it came. The same tables
again change nothing."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.db import transaction

from fangxian.hazards.flood.forecast.doors import RATINGS
from fangxian.hazards.flood.reservoir.doors import CURVES
from fangxian.hazards.flood.reservoir.models import CurvePoint, Dam
from fangxian.hazards.flood.river.doors import MARKS, words
from fangxian.spine.core import clock
from fangxian.spine.core.door import Door, take
from fangxian.spine.core.events import Entry, Named, record_many
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.doors import LIMITS, STATIONS
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.models import Station
from fangxian.spine.registry.models import Place

from .form import RAIN, RAIN_BY_INTV, Form, forms, key_of, series_of
from .models import Kept
from .report import Report, look
from .sources import Row, Source

BATCH = 20_000
SOURCE = "SL 323"
MARK_COLUMNS = {"WRZ": "WRZ", "GRZ": "GRZ", "SFZ": "SFZ", "OBHTZ": "RECORD"}


def take_tables(
    source: Source,
    *,
    by: Seat,
    since: str = "",
    until: str = "",
    done: Callable[[str, int], None] = lambda table, n: None,
) -> Report:
    """Everything a source has, readings within a window. A table or row that cannot be used is told
    and stops no other."""
    require(by, "observation.import", place=by.place_path)
    report, there = look(source), source.tables()
    base = [name for name in forms() if name in there and not name.endswith("_R")]
    rows = {name: list(source.rows(name)) for name in base}
    for name in base:
        _keep(forms()[name], rows[name], report)
    _stations(rows, report, by)
    _marks(rows, report, by)
    _limits(rows, report, by)
    _ratings(rows, report, by)
    _storage(rows, report, by)
    for name in [RAIN, *series_of()]:
        if name in there:
            told = source.rows(name, time="TM", since=since, until=until)
            _readings(name, told, report, by)
            done(name, report.readings)
    with transaction.atomic():
        record_many([Entry("sl323.taken", Named("sl323", SOURCE), None, report.told())], by=by)
    return report


@transaction.atomic
def _keep(form: Form, rows: Sequence[Row], report: Report) -> None:
    """Rows as they came, the newest of a key."""
    told = {key_of(form, row): row for row in rows}
    Kept.objects.bulk_create(
        [Kept(table=form.table, key=key, row=row) for key, row in told.items()],
        update_conflicts=True,
        unique_fields=["table", "key"],
        update_fields=["row"],
        batch_size=500,
    )
    report.kept[form.table] = len(told)


def _through(
    one: Door, table: str, pairs: Sequence[tuple[str, dict[str, str]]], report: Report, by: Seat
) -> None:
    """Rows with their keys through a door; those it refuses are told."""
    if not pairs:
        return
    keys, rows = zip(*pairs, strict=True)
    found, _ = take(one, rows, by=by, source=SOURCE, valid_rows=True)
    for n, column, zh, en in found.wrong:
        report.refuse(table, keys[n] if n < len(keys) else "", f"{column}：{zh}", f"{column}: {en}")
    report.taken[table] = report.taken.get(table, 0) + len(rows) - found.bad_rows


def _stations(rows: dict[str, list[Row]], report: Report, by: Seat) -> None:
    tasks = {r.get("STCD", ""): r.get("DFRTMS", "") for r in rows.get("ST_STSMTASK_B", ())}
    known = set(Place.objects.filter(successor=None).values_list("code", flat=True))
    there = set(Station.objects.values_list("code", flat=True))
    told = []
    for row in rows.get("ST_STBPRP_B", ()):
        code = row.get("STCD", "")
        place = next((c for c in _places(row.get("ADDVCD", "")) if c in known), "")
        if not place:
            area = row.get("ADDVCD", "")
            report.refuse(
                "ST_STBPRP_B", code, f"行政区划 {area} 不在本市", f"area {area} is not of this city"
            )
            continue
        told.append((code, _station(row, place, tasks.get(code, ""), new=code not in there)))
    _through(STATIONS, "ST_STBPRP_B", told, report, by)
    codes = set(Station.objects.values_list("code", flat=True))
    strange = sorted(code for code in tasks if code not in codes)
    if strange:
        report.unjoined["ST_STSMTASK_B"] = strange


def _places(area: str) -> Iterable[str]:
    """A code of six digits, or of nine or twelve with its town; 0 to the right."""
    code = area.strip()
    yield from (code, code.ljust(12, "0"), code[:9], code[:9].ljust(12, "0"), code[:6])
    yield code[:6].ljust(12, "0")


def _station(row: Row, place: str, reports: str, *, new: bool) -> dict[str, str]:
    """A station of theirs; what ours knows beside (duties, origin, password) stays as it is."""
    lon, lat = (row.get(a) or row.get(f"{a}1", "") for a in ("LGTD", "LTTD"))
    told = {
        "code": row.get("STCD", ""),
        "name": row.get("STNM") or row.get("STCD", ""),
        "place": place,
        "river": row.get("RVNM", ""),
        "datum": row.get("DTMNM", ""),
    }
    if _number(lon) and _number(lat):
        told |= {"lon": lon, "lat": lat, "frame": "CGCS2000", "position_source": SOURCE}
    times = _number(reports)
    if times:
        told["every_min"] = f"{max(1, min(1440, round(1440 / times)))}"
    if new:
        told["source"] = SOURCE
    return told


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value and value not in (float("inf"), float("-inf")) else None


def _own(table: str, rows: Iterable[Row], report: Report) -> Iterable[Row]:
    """Rows of stations that are there; others are told."""
    codes = set(Station.objects.values_list("code", flat=True))
    strange = set()
    for row in rows:
        code = row.get("STCD") or row.get("RSCD", "")
        if code in codes:
            yield {**row, "STCD": code}
        else:
            strange.add(code)
    if strange:
        report.unjoined[table] = sorted(strange)


def _marks(rows: dict[str, list[Row]], report: Report, by: Seat) -> None:
    """Marks whose number is there already are left with their own start."""
    names = {code: zh for code, (zh, _) in words().items()}
    there = {
        (row["station"], row["mark"], row["season_from"]): row["value_m"]
        for row in MARKS.there(MARKS.look()).values()
        if not row["valid_to"]
    }
    told: dict[str, list[dict[str, str]]] = {"ST_RVFCCH_B": [], "ST_RSVRFSR_B": []}
    for row in _own("ST_RVFCCH_B", rows.get("ST_RVFCCH_B", ()), report):
        for column, mark in MARK_COLUMNS.items():
            if _number(row.get(column, "")) is not None:
                one = {"station": row["STCD"], "mark": names[mark], "value_m": row[column]}
                told["ST_RVFCCH_B"].append(one)
    for row in _own("ST_RSVRFSR_B", rows.get("ST_RSVRFSR_B", ()), report):
        if _number(row.get("FSLTDZ", "")) is not None:
            one = {"station": row["STCD"], "mark": names["FSLTDZ"], "value_m": row["FSLTDZ"]}
            season = {"season_from": row.get("BGMD", ""), "season_to": row.get("EDMD", "")}
            told["ST_RSVRFSR_B"].append({**one, **season})
    for table, marks in told.items():
        new = []
        for one in marks:
            was = there.get((one["station"], one["mark"], one.get("season_from", "")))
            if was is not None and float(was) == float(one["value_m"]):
                report.taken[table] = report.taken.get(table, 0) + 1
                continue
            start = {"valid_from": _now()} if was is not None else {}
            whole = {**one, **start, "source": SOURCE, "verified": "否"}
            new.append((one["station"], whole))
        _through(MARKS, table, new, report, by)


def _now() -> str:
    return f"{clock.beijing(clock.now()):%Y-%m-%d %H:%M}"


def _limits(rows: dict[str, list[Row]], report: Report, by: Seat) -> None:
    table = "ST_STCHKVAL_B"
    there = {
        (row["station"], row["element"]): row
        for row in LIMITS.there(LIMITS.look()).values()
        if row["station"] and not row["valid_to"]
    }
    told = []
    for row in _own(table, rows.get(table, ()), report):
        for element, names in (
            ("Z", {"lowest": "ZLLT", "highest": "ZULT", "rise_per_h": "ZTCULT"}),
            ("Q", {"lowest": "QLLT", "highest": "QULT"}),
        ):
            one = {n: row[c] for n, c in names.items() if _number(row.get(c, "")) is not None}
            was = there.get((row["STCD"], element))
            if not one or (was and all(_number(was[n]) == float(v) for n, v in one.items())):
                continue
            start = {"valid_from": _now()} if was else {}
            head = {"station": row["STCD"], "element": element, "source": SOURCE}
            told.append((row["STCD"], {**head, **one, **start}))
    _through(LIMITS, table, told, report, by)


def _ratings(rows: dict[str, list[Row]], report: Report, by: Seat) -> None:
    table = "ST_ZQRL_B"
    told = []
    for row in _own(table, rows.get(table, ()), report):
        z, q = row.get("Z", ""), row.get("Q", "")
        if _number(z) is None or _number(q) is None:
            report.refuse(table, row["STCD"], "缺 Z 或 Q", "Z or Q is missing")
            continue
        one = {"station": row["STCD"], "stage_m": z, "flow_m3s": q, "source": SOURCE}
        if row.get("BGTM"):
            one["valid_from"] = row["BGTM"]
        told.append((row["STCD"], one))
    _through(RATINGS, table, told, report, by)


def _storage(rows: dict[str, list[Row]], report: Report, by: Seat) -> None:
    """The newest survey of a reservoir that has no curve yet; one that has keeps its own, since
    points of two surveys are no curve."""
    table, surveys = "ST_ZVARL_B", dict[str, dict[str, list[Row]]]()
    for row in _own(table, rows.get(table, ()), report):
        surveys.setdefault(row["STCD"], {}).setdefault(row.get("MSTM", ""), []).append(row)
    dams = dict(Dam.objects.values_list("gauge__code", "pk"))
    told = []
    for code, by_time in surveys.items():
        points = {row.get("RZ", ""): row.get("W", "") for row in by_time[max(by_time)]}
        if code not in dams:
            zh, en = (
                "“水库”表还没有这座水库，先登记再导入",
                "enter it in the table of dams, then again",
            )
            report.refuse(table, code, zh, en)
        elif None in map(_number, (*points, *points.values())):
            report.refuse(table, code, "RZ 或 W 不是数", "RZ or W is no number")
        elif (was := _curve(dams[code])) and was != {float(z): float(w) for z, w in points.items()}:
            zh, en = "已有另一条库容曲线，没有改", "it has another storage curve, which was left"
            report.refuse(table, code, zh, en)
        else:
            head = {"dam": code, "kind": "库容（百万方）"}
            told += [(code, {**head, "level_m": z, "value": w}) for z, w in points.items()]
    _through(CURVES, table, told, report, by)


def _curve(dam_id: int) -> dict[float, float]:
    points = CurvePoint.objects.filter(dam_id=dam_id, kind=CurvePoint.Kind.STORAGE)
    return dict(points.values_list("level_m", "value"))


def _readings(table: str, rows: Iterable[Row], report: Report, by: Seat) -> None:
    """Through the intake, so that they are judged like any frame; a value that is not there is
    missing, never zero."""
    intake, form = Intake(), forms()[table]
    batch: list[tuple[str, str, datetime, float | None]] = []
    rest: list[Row] = []
    for row in rows:
        at = _moment(row.get("TM", ""))
        if at is None or not row.get("STCD"):
            report.refuse(table, key_of(form, row), "没有站码或时间", "no station or time")
            continue
        mine = _of_rain(row) if table == RAIN else _of_series(table, row)
        batch += [(row["STCD"], element, at, value) for element, _, value in mine]
        used = {column for _, column, _ in mine}
        left = {k: v for k, v in row.items() if v and k not in used}
        if len(left) > len(form.key) or not mine:
            rest.append(left)
        report.taken[table] = report.taken.get(table, 0) + 1
        if len(batch) >= BATCH:
            _flush(intake, batch, rest, form, report, by)
    _flush(intake, batch, rest, form, report, by)


def _flush(
    intake: Intake,
    batch: list[tuple[str, str, datetime, float | None]],
    rest: list[Row],
    form: Form,
    report: Report,
    by: Seat,
) -> None:
    if batch:
        verdicts = intake.accept(arrivals_of(batch, source=f"{SOURCE} {form.table}"), by=by)
        report.readings += verdicts.taken + verdicts.held
        report.changed += verdicts.readings
    n = report.kept.get(form.table, 0)
    _keep(form, rest, report)
    report.kept[form.table] += n
    batch.clear()
    rest.clear()


def _of_rain(row: Row) -> list[tuple[str, str, float | None]]:
    """Element, column, value. An interval nobody knows is kept as it came."""
    found: list[tuple[str, str, float | None]] = []
    intv = _number(row.get("INTV", ""))
    element = RAIN_BY_INTV.get(f"{intv:.2f}") if intv is not None else None
    if element and (mm := _number(row.get("DRP", ""))) is not None:
        found.append((element, "DRP", mm))
    if (day := _number(row.get("DYP", ""))) is not None and element != "PD":
        found.append(("PD", "DYP", day))
    return found


def _of_series(table: str, row: Row) -> list[tuple[str, str, float | None]]:
    return [
        (element, column, value)
        for column, element in series_of()[table].items()
        if (value := _number(row.get(column, ""))) is not None
    ]


def _moment(text: str) -> datetime | None:
    """A time of theirs, Beijing."""
    told = text.replace("T", " ").replace("/", "-").split(".")[0]
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            return datetime.strptime(told, form).replace(tzinfo=clock.BEIJING)
        except ValueError:
            continue
    return None


def summary(report: Report) -> list[tuple[str, str]]:
    """Lines for people (zh, en)."""
    known = forms()
    lines: list[tuple[str, str]] = []
    for table, n in report.taken.items():
        lines.append((f"{table} {known[table].zh}：收下 {n} 行", f"{table}: {n} rows taken"))
    for table, zh, en in report.disables():
        lines.append((f"缺 {table} {known[table].zh}：{zh}", f"no {table}: {en}"))
    for table, codes in report.unjoined.items():
        some = "、".join(codes[:5])
        lines.append(
            (
                f"{table}：{len(codes)} 个站码不在测站表（{some}…）",
                f"{table}: {len(codes)} codes are no station's ({', '.join(codes[:5])})",
            )
        )
    for table, rows in report.refused.items():
        key, zh, en = rows[0]
        n = len(rows)
        told = f"{table}：{n} 行未收，如 {key}：{zh}", f"{table}: {n} refused, e.g. {key}: {en}"
        lines.append(told)
    return lines
