"""The doors of observe: stations, the bases of relative levels, and limits of belief, each a table
that people fill. The engine is core/door.py."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.canon import (
    choices,
    flag,
    moment,
    moment_text,
    number,
    number_text,
    short,
    to_moment,
    to_number,
)
from fangxian.spine.core.door import Change, Door, Field, Key, Row, Wrong
from fangxian.spine.core.door_dated import succession
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.tables import UnreadableError
from fangxian.spine.registry.doors.look import Look
from fangxian.spine.registry.doors.sites import (
    fill_position,
    judge_site,
    put_site,
    site_fields,
    site_row,
)

from .bases import newest_base
from .elements import element_of
from .models import LevelBase, QualityLimit, Station
from .write import know_stranger

ORIGINS = {"real": ("实测", "real"), "modelled": ("模拟", "modelled")}


class StationLook(Look):
    """Beside the registry, stations by their codes."""

    stations: dict[str, Station]
    rows: dict[Key, Any]

    def __init__(self) -> None:
        super().__init__()
        every = Station.objects.select_related("place", "organisation")
        self.stations = {station.code: station for station in every}
        self.station_texts = {code: code for code in self.stations}

    def place_of(self, row: Row) -> str:
        station = self.stations.get(row["station"])
        return station.place.path if station else ""


def _code(text: str) -> str:
    if not (4 <= len(text) <= 10 and text.isalnum() and text.isascii()):
        zh = f"“{text}”不是站码，应为 4–10 位字母数字"
        raise UnreadableError(zh, f"{text!r} is no station code: 4 to 10 letters or digits")
    return text


def _password(text: str) -> str:
    if text and not re.fullmatch(r"[0-9A-Fa-f]{4}", text):
        zh, en = "线路口令应为四位十六进制数", "a line password has four hexadecimal digits"
        raise UnreadableError(zh, en)
    return text.upper()


def _stations(look: StationLook) -> dict[Key, Row]:
    return {
        (code,): site_row(station)
        | {
            "river": station.river,
            "datum": station.datum,
            "line_password": station.line_password,
            "every_min": number_text(station.report_every_s / 60),
            "origin": ORIGINS[station.origin][0],
        }
        for code, station in look.stations.items()
    }


def _write_stations(changes: Sequence[Change], by: Seat, look: StationLook) -> None:
    for change in changes:
        station = look.stations.get(change.key[0])
        row = change.after
        if row is None:
            look.stations.pop(change.key[0]).delete()
            continue
        station = station or Station(code=change.key[0], adopted_at=clock.now())
        put_site(station, row, look)
        station.river, station.datum = row["river"], row["datum"]
        station.line_password = row["line_password"]
        station.report_every_s = round(float(row["every_min"]) * 60)
        station.origin = "modelled" if row["origin"] == ORIGINS["modelled"][0] else "real"
        if station.pk is None:
            know_stranger(station.code, by)
        station.save()
        look.stations[station.code] = station


STATIONS = Door(
    code="stations",
    zh="测站",
    en="Stations",
    fields=(
        *(
            Field("code", "站码", "Code", _code, needed=True, example="70900001")
            if one.name == "code"
            else one
            for one in site_fields(code_most=10)
        ),
        Field("river", "河流", "River", short(60)),
        Field("datum", "基面", "Datum", short(40), example="黄海基面"),
        Field(
            "line_password",
            "线路口令",
            "Line password",
            _password,
            secret=True,
            hint_zh="SL 651 的四位口令；填了，报文口令不符就不收",
            hint_en="four digits of SL 651; where it is set, frames with another are refused",
        ),
        Field(
            "every_min",
            "报送间隔（分钟）",
            "Reports every (min)",
            number(1, 1440),
            fixed="60",
            hint_zh="多久没有报文算失联，由此推定",
            hint_en="silence is judged by it",
        ),
        Field(
            "origin",
            "数据性质",
            "Origin",
            known=lambda look: choices(ORIGINS),
            offered=lambda look: [zh for zh, _ in ORIGINS.values()],
            fixed="实测",
        ),
    ),
    key=("code",),
    look=StationLook,
    there=_stations,
    scope=lambda row, look: look.place(row["place"]).path,
    fill=fill_position,
    judge=judge_site,
    write=_write_stations,
    hint_zh="测站登记后即收其报文；未登记的报文先隔离。责任在“责任”表，特征水位、基准高程另有表。",
    hint_en="Once entered, a station's messages are read. Duties, marks and bases have their own.",
)

STATION_FIELD = Field(
    "station", "站码", "Station", known=lambda look: look.station_texts, needed=True
)
EVERY_STATION = Field(
    "station", "站码", "Station", known=lambda look: look.station_texts, hint_zh="空：全市通用"
)


def _element(text: str) -> str:
    try:
        element_of(text)
    except Problem:
        raise UnreadableError(
            f"“{text}”不是要素标识符，如 Z、P5、Q", f"{text!r} is no element such as Z, P5, Q"
        ) from None
    return text.upper()


ELEMENT_FIELD = Field("element", "要素", "Element", _element, needed=True, example="Z")
VERIFIED_FIELD = Field("verified", "已核实", "Verified", flag, fixed="否", example="是")
SPAN = (
    Field("valid_from", "起", "From", moment, hint_zh="空：一直如此"),
    Field("valid_to", "止", "To", moment),
)


def frozen(
    begun: Callable[[Row], str], *names: str
) -> Callable[[Row, Row | None, Any], Iterable[Wrong]]:
    """A rule that holds already is never rewritten: the past must be judged as it was. Another
    number is another row with its own start."""

    def judge(row: Row, before: Row | None, look: Any) -> Iterable[Wrong]:
        if row["valid_to"] and row["valid_to"] <= row["valid_from"]:
            yield "valid_to", "终止应晚于起始", "it ends before it begins"
        since = to_moment(begun(row))
        moved = [name for name in names if before and before[name] != row[name]]
        if moved and (since is None or since <= clock.now()):
            zh = "已生效的数值不能改写；请另起一行，写明新的“起”"
            yield moved[0], zh, "it holds already; write another row with its own start"

    return judge


def _bases(look: StationLook) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    look.rows = {}
    for base in LevelBase.objects.select_related("station"):
        row = {
            "station": base.station.code,
            "valid_from": moment_text(base.valid_from),
            "base_m": number_text(base.base_m),
            "source": base.source,
        }
        key = (row["station"], row["valid_from"])
        look.rows[key], found[key] = base, row
    return found


def _write_bases(changes: Sequence[Change], by: Seat, look: StationLook) -> None:
    touched = set()
    for change in changes:
        touched.add(change.key[0])
        if change.after is None:
            look.rows.pop(change.key).delete()
            continue
        row, station = change.after, look.stations[change.key[0]]
        base = look.rows.get(change.key) or LevelBase(
            station=station, valid_from=to_moment(row["valid_from"])
        )
        base.base_m, base.source = float(row["base_m"]), row["source"]
        base.save()
        look.rows[change.key] = base
    for code in touched:
        newest_base(look.stations[code])


BASES = Door(
    code="bases",
    zh="基准高程",
    en="Level bases",
    fields=(
        STATION_FIELD,
        Field("valid_from", "起", "From", moment, hint_zh="空：一直如此"),
        Field("base_m", "基准高程 m", "Base m", number(-500, 9000), needed=True, example="12.35"),
        Field("source", "出处", "Source", short(200), needed=True),
    ),
    key=("station", "valid_from"),
    look=StationLook,
    there=_bases,
    scope=lambda row, look: look.place_of(row),
    write=_write_bases,
    hint_zh="报相对水位的测站，其零点的高程；迁站后另起一行，此前的水位仍用原来的。",
    hint_en="The height of a gauge's zero; a gauge that is moved has another row from then on.",
)
LIMITS_OF = ("lowest", "highest", "rise_per_h", "change_per_day")


def _limits(look: StationLook) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    look.rows = {}
    for limit in QualityLimit.objects.select_related("station"):
        row = {
            "station": limit.station.code if limit.station else "",
            "element": limit.element,
            **{name: number_text(getattr(limit, name)) for name in LIMITS_OF},
            "stuck_h": number_text(limit.stuck_after_s and limit.stuck_after_s / 3600),
            "valid_from": moment_text(limit.valid_from),
            "valid_to": moment_text(limit.valid_to),
            "source": limit.source,
            "verified": "是" if limit.verified else "否",
        }
        key = (row["station"], row["element"], row["valid_from"])
        look.rows[key], found[key] = limit, row
    return found


def _write_limits(changes: Sequence[Change], by: Seat, look: StationLook) -> None:
    for change in changes:
        if change.after is None:
            look.rows.pop(change.key).delete()
            continue
        row = change.after
        limit = look.rows.get(change.key) or QualityLimit(
            station=look.stations.get(row["station"]),
            element=row["element"],
            valid_from=to_moment(row["valid_from"]),
        )
        for name in LIMITS_OF:
            setattr(limit, name, to_number(row[name]))
        limit.stuck_after_s = round(float(row["stuck_h"]) * 3600) if row["stuck_h"] else None
        limit.valid_to, limit.source = to_moment(row["valid_to"]), row["source"]
        limit.verified = row["verified"] == "是"
        limit.save()
        look.rows[change.key] = limit


LIMITS = Door(
    code="limits",
    zh="质量界限",
    en="Quality limits",
    fields=(
        EVERY_STATION,
        ELEMENT_FIELD,
        Field("lowest", "最小", "Lowest", number()),
        Field("highest", "最大", "Highest", number()),
        Field("rise_per_h", "每小时最大变幅", "Change per hour", number(0)),
        Field("change_per_day", "每日最大变幅", "Change per day", number(0)),
        Field("stuck_h", "不变几小时算卡死", "Stuck after (h)", number(0)),
        *SPAN,
        Field("source", "出处", "Source", short(200), needed=True),
        VERIFIED_FIELD,
    ),
    key=("station", "element", "valid_from"),
    look=StationLook,
    there=_limits,
    scope=lambda row, look: look.place_of(row),
    judge=frozen(lambda row: row["valid_from"], *LIMITS_OF, "stuck_h"),
    also=succession(("station", "element"), "valid_from", "valid_to"),
    write=_write_limits,
    right="threshold.edit",
    hint_zh="超出界限的读数标为可疑或错误。测站自己的界限先于全市通用的。",
    hint_en="Readings beyond are suspect. A station's own limits come before the general ones.",
)
LISTS = (STATIONS, BASES, LIMITS)
