"""Tables of SL 323 taken in: stations, tasks, marks, limits, curves through the doors of their
registers, readings through the intake like any other; all else is kept as it came. The same tables
again change nothing."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.db import transaction

from fangxian.hazards.flood.forecast.basins import basins_at
from fangxian.hazards.flood.forecast.doors import RATINGS, REACHES
from fangxian.hazards.flood.forecast.models import RatingPoint, Reach
from fangxian.hazards.flood.reservoir.doors import CURVES
from fangxian.hazards.flood.reservoir.models import CurvePoint, Dam
from fangxian.hazards.flood.river.doors import MARKS, words
from fangxian.spine.core import clock
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.door import Door, Examined, examine, take
from fangxian.spine.core.events import Entry, Named, record_many
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.observe.doors import LIMITS, STATIONS
from fangxian.spine.observe.models import Station
from fangxian.spine.registry.models import Place

from .form import RAIN, forms, moment, moment_text, number, series_of
from .readings import SOURCE, keep, take_readings
from .report import Report, look, readable
from .sources import Row, Source

SOME = 5
MARK_COLUMNS = {"WRZ": "WRZ", "GRZ": "GRZ", "SFZ": "SFZ", "OBHTZ": "RECORD"}


def take_tables(
    source: Source,
    *,
    by: Seat,
    since: datetime | None = None,
    until: datetime | None = None,
    done: Callable[[str, int], None] = lambda table, n: None,
) -> Report:
    """Everything a source has, readings within a window. A table or row that cannot be read or used
    is told and stops no other."""
    require(by, "observation.import", place=by.place_path)
    report, there = look(source), set(source.tables())
    base = [name for name in forms() if name in there and not name.endswith("_R")]
    report.refused, report.refused_n = {}, {}  # they are read again, whole
    rows = {name: list(readable(source, name, report)) for name in base}
    for name in base:
        keep(forms()[name], rows[name], report)
    _stations(rows, report, by)
    _marks(rows, report, by)
    _limits(rows, report, by)
    _ratings(rows, report, by)
    _storage(rows, report, by)
    _travel(rows, report, by)
    for name in [RAIN, *series_of()]:
        if name in there:
            take_readings(source, name, report, by, since=since, until=until)
            done(name, report.readings)
    with transaction.atomic():
        record_many([Entry("sl323.taken", Named("sl323", SOURCE), None, report.told())], by=by)
    return report


def _through(
    one: Door, table: str, pairs: Sequence[tuple[str, dict[str, str]]], report: Report, by: Seat
) -> None:
    """Rows with their keys through a door; those it refuses are told."""
    if not pairs:
        return
    keys, rows = zip(*pairs, strict=True)
    found, _ = take(one, rows, by=by, source=SOURCE, valid_rows=True)
    _tell_wrong(found, table, keys, report)
    report.taken[table] = report.taken.get(table, 0) + len(rows) - found.bad_rows


def _tell_wrong(found: Examined, table: str, keys: Sequence[str], report: Report) -> None:
    for n, column, zh, en in found.wrong:
        report.refuse(table, keys[n] if n < len(keys) else "", f"{column}：{zh}", f"{column}: {en}")


def _whole(
    one: Door, table: str, pairs: Sequence[tuple[str, dict[str, str]]], report: Report, by: Seat
) -> None:
    """Curves with their keys through a door, each whole or not at all."""
    keys = [key for key, _ in pairs]
    found = examine(one, [row for _, row in pairs], by=by)
    _tell_wrong(found, table, keys, report)
    bad = {keys[n] for n, *_ in found.wrong if n < len(keys)}
    _through(one, table, [(key, row) for key, row in pairs if key not in bad], report, by)


def _stations(rows: dict[str, list[Row]], report: Report, by: Seat) -> None:
    tasks = {r.get("STCD", ""): r.get("DFRTMS", "") for r in rows.get("ST_STSMTASK_B", ())}
    known = {p.code: p for p in Place.objects.filter(successor=None)}
    there = {s.code: s for s in Station.objects.select_related("place")}
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
        told.append((code, _station(row, known[place], tasks.get(code, ""), there.get(code))))
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


def _station(row: Row, place: Place, reports: str, ours: Station | None) -> dict[str, str]:
    """A station of theirs. An empty cell says nothing; what ours knows better stays: a town within
    their county, a position from elsewhere."""
    lon, lat = (row.get(a) or row.get(f"{a}1", "") for a in ("LGTD", "LTTD"))
    code = row.get("STCD", "")
    told = {"code": code, "name": row.get("STNM", ""), "river": row.get("RVNM", "")}
    told |= {"datum": row.get("DTMNM", ""), "place": place.code}
    if ours is None:
        told |= {"name": told["name"] or code, "source": SOURCE}
    elif ours.place.path.startswith(place.path):
        del told["place"]
    own = ours is not None and ours.lon is not None and ours.position_source != SOURCE
    if number(lon) and number(lat) and not own:
        told |= {"lon": lon, "lat": lat, "frame": "CGCS2000", "position_source": SOURCE}
    if times := number(reports):
        told["every_min"] = f"{max(1, min(1440, round(1440 / times)))}"
    return {name: text for name, text in told.items() if text}


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
            if number(row.get(column, "")) is not None:
                one = {"station": row["STCD"], "mark": names[mark], "value_m": row[column]}
                told["ST_RVFCCH_B"].append(one)
    for row in _own("ST_RSVRFSR_B", rows.get("ST_RSVRFSR_B", ()), report):
        if number(row.get("FSLTDZ", "")) is not None:
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
            one = {n: row[c] for n, c in names.items() if number(row.get(c, "")) is not None}
            was = there.get((row["STCD"], element))
            if not one or (was and all(number(was[n]) == float(v) for n, v in one.items())):
                continue
            start = {"valid_from": _now()} if was else {}
            head = {"station": row["STCD"], "element": element, "source": SOURCE}
            told.append((row["STCD"], {**head, **one, **start}))
    _through(LIMITS, table, told, report, by)


def _ratings(rows: dict[str, list[Row]], report: Report, by: Seat) -> None:
    """Each curve whole. One that begins when ours of the station does and says otherwise is left
    to people: points of two curves are none, and what holds already is not rewritten."""
    table, curves = "ST_ZQRL_B", dict[tuple[str, str], dict[str, str]]()
    for row in _own(table, rows.get(table, ()), report):
        curves.setdefault((row["STCD"], row.get("BGTM", "")), {})[row.get("Z", "")] = row.get(
            "Q", ""
        )
    there = dict[tuple[str, datetime | None], dict[float, float]]()
    for point in RatingPoint.objects.select_related("station"):
        ours = there.setdefault((point.station.code, point.valid_from), {})
        ours[point.stage_m] = point.flow_m3s
    told = []
    for (code, begun), points in curves.items():
        key, at = f"{code}|{begun}", moment(begun) if begun else None
        if begun and at is None:
            report.refuse(table, key, "BGTM 不是时间", "BGTM is no time")
        elif None in map(number, (*points, *points.values())):
            report.refuse(table, key, "有点缺 Z 或 Q，整条未收", "a point lacks Z or Q: not taken")
        elif (was := there.get((code, at))) and was != _floats(points):
            zh, en = "同一启用时间已有另一条曲线，没有改", "another curve of this start was left"
            report.refuse(table, key, zh, en)
        else:
            head = {"station": code, "source": SOURCE}
            head |= {"valid_from": moment_text(at)} if at else {}
            told += [(key, {**head, "stage_m": z, "flow_m3s": q}) for z, q in points.items()]
    _whole(RATINGS, table, told, report, by)


def _floats(points: dict[str, str]) -> dict[float, float]:
    return {float(x): float(y) for x, y in points.items()}


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
        elif None in map(number, (*points, *points.values())):
            report.refuse(table, code, "RZ 或 W 不是数", "RZ or W is no number")
        elif (was := _curve(dams[code])) and was != _floats(points):
            zh, en = "已有另一条库容曲线，没有改", "it has another storage curve, which was left"
            report.refuse(table, code, zh, en)
        else:
            head = {"dam": code, "kind": "库容（百万方）"}
            told += [(code, {**head, "level_m": z, "value": w}) for z, w in points.items()]
    _whole(CURVES, table, told, report, by)


def _travel(rows: dict[str, list[Row]], report: Report, by: Seat) -> None:
    """The mean time of the largest flows between the outlets of two basins becomes that of their
    reach; one that is entered already keeps its own."""
    table, largest = "ST_FSDR_B", dict[tuple[str, str], Row]()
    for row in rows.get(table, ()):
        pair = row.get("UPSTCD", ""), row.get("DWSTCD", "")
        flow = number(row.get("QMGN", "")) or 0.0
        if pair not in largest or flow > (number(largest[pair].get("QMGN", "")) or 0.0):
            largest[pair] = row
    basins = {b.outlet.code: b for b in basins_at(clock.now())}
    there = {r.upper_id: r for r in Reach.objects.filter(rows_in_force(clock.now()))}
    told = []
    for (up, down), row in largest.items():
        hours, key = number(row.get("AVTRTM", "")), f"{up}|{down}"
        upper, lower = basins.get(up), basins.get(down)
        if upper is None or lower is None:
            zh, en = "两端不都是流域的出口站，只留存", "not between outlets of basins: only kept"
            report.refuse(table, key, zh, en)
        elif hours is None:
            report.refuse(table, key, "AVTRTM 不是数", "AVTRTM is no number")
        elif (was := there.get(upper.pk)) and (was.lower_id, was.travel_h) != (lower.pk, hours):
            zh, en = "已有另一河段或传播时间，没有改", "its reach says otherwise and was left"
            report.refuse(table, key, zh, en)
        elif was is None:
            one = {"upper": upper.code, "lower": lower.code, "travel_h": row["AVTRTM"]}
            told.append((key, {**one, "source": SOURCE}))
    _through(REACHES, table, told, report, by)


def _curve(dam_id: int) -> dict[float, float]:
    points = CurvePoint.objects.filter(dam_id=dam_id, kind=CurvePoint.Kind.STORAGE)
    return dict(points.values_list("level_m", "value"))


def summary(report: Report) -> list[tuple[str, str]]:
    """Lines for people (zh, en)."""
    known = forms()
    lines: list[tuple[str, str]] = []
    for table, n in report.taken.items():
        lines.append((f"{table} {known[table].zh}：收下 {n} 行", f"{table}: {n} rows taken"))
    for table, n in report.kept.items():
        if "TM" in known[table].key:
            zh, en = "没有对应的序列，只原样留存", "without a series here, only kept"
            lines.append((f"{table}：{n} 行{zh}", f"{table}: {n} rows {en}"))
    for table, zh, en in report.disables():
        lines.append((f"缺 {table} {known[table].zh}：{zh}", f"no {table}: {en}"))
    for table, codes in report.unjoined.items():
        more = "…" if len(codes) > SOME else ""
        zh, en = ("、".join(codes[:SOME]), ", ".join(codes[:SOME]))
        lines.append(
            (
                f"{table}：{len(codes)} 个站码不在测站表（{zh}{more}）",
                f"{table}: {len(codes)} codes are no station's ({en}{more})",
            )
        )
    for table, rows in report.refused.items():
        key, zh, en = rows[0]
        n = report.refused_n[table]
        told = f"{table}：{n} 行未收，如 {key}：{zh}", f"{table}: {n} refused, e.g. {key}: {en}"
        lines.append(told)
    return lines
