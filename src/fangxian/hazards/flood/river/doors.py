"""The door of marks: the dated marks of river gauges and reservoirs, in metres."""

from collections.abc import Iterable, Sequence

from fangxian.hazards.flood.tables import falls, marks_on
from fangxian.spine.assess.doors import SEASON, SOURCE
from fangxian.spine.assess.models import Threshold
from fangxian.spine.core import clock
from fangxian.spine.core.canon import choices, moment_text, number, number_text, to_moment
from fangxian.spine.core.door import Change, Door, Field, Key, Row, Wrong
from fangxian.spine.core.door_dated import succession
from fangxian.spine.core.levels import Level
from fangxian.spine.core.rights import Seat
from fangxian.spine.observe.doors import (
    SPAN,
    STATION_FIELD,
    VERIFIED_FIELD,
    StationLook,
    frozen,
)

LIMIT = "FSLTDZ"  # of a reservoir; every other mark is a river's
FROZEN = frozen(lambda row: row["valid_from"], "value_m", "season_to")
IDENTITY = ("station", "mark", "season_from")


def words() -> dict[str, tuple[str, str]]:
    """Marks by code, with the names the office uses."""
    return {
        code: (f"{row['zh']} {code}", f"{row['en']} {code}")
        for code, row in marks_on(clock.now()).items()
    }


def _there(look: StationLook) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    look.rows, names = {}, words()
    rows = Threshold.objects.exclude(mark="").exclude(station=None).select_related("station")
    for one in rows.order_by("pk"):
        if one.station is None or one.mark not in names:
            continue
        row = {
            "station": one.station.code,
            "mark": names[one.mark][0],
            "value_m": number_text(one.value),
            "season_from": one.season_from,
            "season_to": one.season_to,
            "valid_from": moment_text(one.valid_from),
            "valid_to": moment_text(one.valid_to),
            "source": one.source,
            "verified": "是" if one.verified else "否",
        }
        key = tuple(row[name] for name in (*IDENTITY, "valid_from"))
        look.rows[key], found[key] = one, row
    return found


def _judge(row: Row, before: Row | None, look: StationLook) -> Iterable[Wrong]:
    yield from FROZEN(row, before, look)
    limit = row["mark"].endswith(LIMIT)
    if row["season_from"] and not limit:
        yield "season_from", "只有汛限水位分时令", "only a flood limit has a season"
    if bool(row["season_from"]) != bool(row["season_to"]):
        yield "season_to", "时令的起止要么都有，要么都空", "both ends of a season, or none"


def _write(changes: Sequence[Change], by: Seat, look: StationLook) -> None:
    levels = marks_on(clock.now())
    for change in changes:
        if change.after is None:
            look.rows.pop(change.key).delete()
            continue
        row = change.after
        mark = row["mark"].split()[-1]
        family, element = ("reservoir", "ZU") if mark == LIMIT else ("river", "Z")
        one = look.rows.get(change.key) or Threshold(
            family=family,
            hazard=family,
            version=f"{clock.now():%Y%m%d%H%M%S}",
            station=look.stations[row["station"]],
            element=element,
            mark=mark,
            unit="m",
            season_from=row["season_from"],
            valid_from=to_moment(row["valid_from"]),
            **falls(clock.now()),
        )
        one.level, one.value = Level[levels[mark]["level"]], float(row["value_m"])
        one.season_to, one.valid_to = row["season_to"], to_moment(row["valid_to"])
        one.source, one.verified = row["source"], row["verified"] == "是"
        one.save()
        look.rows[change.key] = one


MARKS = Door(
    code="marks",
    zh="特征水位",
    en="Marks",
    fields=(
        STATION_FIELD,
        Field(
            "mark",
            "标志",
            "Mark",
            known=lambda look: (
                choices(words())
                | {row["zh"]: f"{row['zh']} {code}" for code, row in marks_on(clock.now()).items()}
            ),
            offered=lambda look: [zh for zh, _ in words().values()],
            needed=True,
            example="警戒 WRZ",
        ),
        Field("value_m", "水位 m", "Level m", number(-500, 9000), needed=True, example="11.60"),
        *SEASON,
        *SPAN,
        SOURCE,
        VERIFIED_FIELD,
    ),
    key=(*IDENTITY, "valid_from"),
    look=StationLook,
    there=_there,
    scope=lambda row, look: look.place_of(row),
    judge=_judge,
    also=succession(IDENTITY, "valid_from", "valid_to"),
    write=_write,
    right="threshold.edit",
    hint_zh="加报、警戒、保证、汛限等水位；汛限可分时令。改数值就另起一行，写明“起”。",
    hint_en="Marks in metres; another value is another row with its own start.",
)
