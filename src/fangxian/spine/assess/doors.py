"""The door of thresholds: dated numbers of rules, for the whole city, a place or a station. Marks
of river gauges, which are thresholds too, have a table of their own in their subject."""

from collections.abc import Iterable, Sequence

from fangxian.spine.core import clock
from fangxian.spine.core.canon import (
    choices,
    moment_text,
    number,
    number_text,
    short,
    to_moment,
)
from fangxian.spine.core.door import Change, Door, Field, Key, Row, Wrong
from fangxian.spine.core.door_dated import succession
from fangxian.spine.core.hazards import family_name, hazards
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat
from fangxian.spine.observe.doors import (
    ELEMENT_FIELD,
    EVERY_STATION,
    SPAN,
    VERIFIED_FIELD,
    StationLook,
    frozen,
)
from fangxian.spine.registry.doors.look import place_field, place_text

from .models import Threshold

LEVELS = {
    level.name: (f"{level.name} {word}", level.name)
    for level, word in zip(Level, ("红", "橙", "黄", "蓝"), strict=False)
}
IDENTITY = (
    "family",
    "station",
    "place",
    "element",
    "window_h",
    "mark",
    "level",
    "season_from",
)
FROZEN = frozen(
    lambda row: row["valid_from"], "value", "dead_band", "hold_min", "season_to", "action"
)


def families() -> dict[str, tuple[str, str]]:
    """Families of signals that rules with numbers may raise."""
    found = {family for row in hazards().values() for family in row.families}
    return {family: (family_name(family, "zh"), family_name(family, "en")) for family in found}


def threshold_row(one: Threshold) -> Row:
    return {
        "family": family_name(one.family, "zh"),
        "station": one.station.code if one.station else "",
        "place": place_text(one.place) if one.place else "",
        "element": one.element,
        "window_h": number_text(one.window_s / 3600),
        "mark": one.mark,
        "level": LEVELS[Level(one.level).name][0],
        "value": number_text(one.value),
        "unit": one.unit,
        "season_from": one.season_from,
        "season_to": one.season_to,
        "dead_band": number_text(one.dead_band),
        "hold_min": number_text(one.hold_s / 60),
        "action": one.action,
        "valid_from": moment_text(one.valid_from),
        "valid_to": moment_text(one.valid_to),
        "source": one.source,
        "verified": "是" if one.verified else "否",
    }


def _there(look: StationLook) -> dict[Key, Row]:
    """Numbers over a window; those with a mark are in the table of marks."""
    found: dict[Key, Row] = {}
    look.rows = {}
    rows = Threshold.objects.filter(mark="").select_related("station", "place")
    for one in rows.order_by("pk"):
        row = threshold_row(one)
        key = tuple(row[name] for name in (*IDENTITY, "valid_from"))
        look.rows[key], found[key] = one, row
    return found


def _judge(row: Row, before: Row | None, look: StationLook) -> Iterable[Wrong]:
    yield from FROZEN(row, before, look)
    if row["station"] and row["place"]:
        yield "place", "测站、区划只写一个", "a station or a place, not both"
    if bool(row["season_from"]) != bool(row["season_to"]):
        yield "season_to", "时令的起止要么都有，要么都空", "both ends of a season, or none"


def _scope(row: Row, look: StationLook) -> str:
    if row["place"]:
        return look.place(row["place"]).path
    return look.place_of(row)


def _write(changes: Sequence[Change], by: Seat, look: StationLook) -> None:
    names = {words[0]: code for code, words in families().items()}
    hazard_of = {family: code for code, row in hazards().items() for family in row.families}
    for change in changes:
        if change.after is None:
            look.rows.pop(change.key).delete()
            continue
        row = change.after
        one = look.rows.get(change.key) or Threshold(version=f"{clock.now():%Y%m%d%H%M%S}")
        one.family = names[row["family"]]
        one.hazard = hazard_of[one.family]
        one.station = look.stations.get(row["station"])
        one.place = look.place(row["place"]) if row["place"] else None
        one.element, one.window_s = row["element"], round(float(row["window_h"]) * 3600)
        one.mark, one.level = row["mark"], Level[row["level"].split()[0]]
        one.value, one.unit, one.action = float(row["value"]), row["unit"], row["action"]
        one.season_from, one.season_to = row["season_from"], row["season_to"]
        one.dead_band, one.hold_s = float(row["dead_band"]), round(float(row["hold_min"]) * 60)
        one.valid_from, one.valid_to = to_moment(row["valid_from"]), to_moment(row["valid_to"])
        one.source, one.verified = row["source"], row["verified"] == "是"
        one.save()
        look.rows[change.key] = one


def season(text: str) -> str:
    """Month and day, as 0415."""
    from fangxian.spine.core.tables import UnreadableError

    digits = text.replace("-", "").replace("月", "").replace("日", "")
    if not (len(digits) == 4 and digits.isdigit() and 1 <= int(digits[:2]) <= 12):
        raise UnreadableError(f"“{text}”应如 0415（月日）", f"{text!r} should be as 0415 (MMDD)")
    return digits


SEASON = (
    Field("season_from", "时令起", "Season from", season, hint_zh="月日，如 0415"),
    Field("season_to", "时令止", "Season to", season),
)
SOURCE = Field("source", "出处", "Source", short(200), needed=True)
THRESHOLDS = Door(
    code="thresholds",
    zh="阈值",
    en="Thresholds",
    fields=(
        Field(
            "family",
            "规则族",
            "Rules",
            known=lambda look: choices(families()),
            offered=lambda look: [zh for zh, _ in families().values()],
            needed=True,
        ),
        EVERY_STATION,
        place_field(),
        ELEMENT_FIELD,
        Field("window_h", "时段 h", "Window h", number(0, 240), fixed="0", example="3"),
        Field("mark", "标志", "Mark", short(20)),
        Field(
            "level",
            "级别",
            "Level",
            known=lambda look: {
                text: zh for code, (zh, _) in LEVELS.items() for text in (code, zh)
            },
            offered=lambda look: [zh for zh, _ in LEVELS.values()],
            needed=True,
        ),
        Field("value", "数值", "Value", number(), needed=True),
        Field("unit", "单位", "Unit", short(12), needed=True, example="mm"),
        *SEASON,
        Field("dead_band", "回差", "Dead band", number(0), fixed="0"),
        Field("hold_min", "持续几分钟才解除", "Hold (min)", number(0, 10_000), fixed="0"),
        Field("action", "对应措施", "Action", short(60)),
        *SPAN,
        SOURCE,
        VERIFIED_FIELD,
    ),
    key=(*IDENTITY, "valid_from"),
    look=StationLook,
    there=_there,
    scope=_scope,
    judge=_judge,
    also=succession(IDENTITY, "valid_from", "valid_to"),
    write=_write,
    right="threshold.edit",
    hint_zh="雨量等规则的数值，全市、某区划或某测站。数值有生效时间，改数值就另起一行。",
    hint_en="Numbers of rules, dated: another number is another row with its own start.",
)
LISTS = (THRESHOLDS,)
