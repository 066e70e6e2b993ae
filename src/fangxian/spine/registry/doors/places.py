"""The door of places: the tree of a city down to grids, dated."""

from collections.abc import Iterable, Sequence

from fangxian.spine.core.canon import (
    code_of,
    day,
    number,
    number_text,
    short,
    to_day,
    to_number,
)
from fangxian.spine.core.door import Change, Door, Field, Key, Row, Wrong
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.registers import KINDS as PLACE_KINDS

from .look import Look, choice_field

KINDS = list(PLACE_KINDS)


def _row(place: Place) -> Row:
    return {
        "code": place.code,
        "name": place.name,
        "kind": PLACE_KINDS[place.kind][0],
        "parent": place.parent.code if place.parent else "",
        "valid_from": place.valid_from.isoformat() if place.valid_from else "",
        "valid_to": place.valid_to.isoformat() if place.valid_to else "",
        "successor": place.successor.code if place.successor else "",
        "lon": number_text(place.lon),
        "lat": number_text(place.lat),
        "source": place.source,
    }


def _there(look: Look) -> dict[Key, Row]:
    return {(code,): _row(place) for code, place in look.places.items()}


def _scope(row: Row, look: Look) -> str:
    """A place is entered by whoever may enter what it lies in; what comes with the same table lies
    somewhere in the city."""
    above = look.places.get(row["parent"]) or look.places.get(row["code"])
    return above.path if above else ""


def _judge(row: Row, before: Row | None, look: Look) -> Iterable[Wrong]:
    kind, above = code_of(PLACE_KINDS, row["kind"]), row["parent"]
    if not row["code"].isdigit():
        yield "code", "代码应为数字（统计用区划代码）", "a code is digits"
    if kind == "city":
        others = [p for p in look.places.values() if p.kind == "city" and p.code != row["code"]]
        if above or others:
            yield "parent", "一个数据目录只有一个市，市没有上级", "there is one city, above all"
        return
    if above not in look.places and (above,) not in look.coming:
        yield "parent", f"没有区划“{above}”", f"there is no place {above!r}"
    elif above in look.places and KINDS.index(look.places[above].kind) >= KINDS.index(kind):
        yield "parent", "上级应高于本级", "it must lie in a place of a higher kind"
    if row["successor"] and (row["successor"],) not in look.coming | set(_keys(look)):
        yield "successor", f"没有区划“{row['successor']}”", f"no place {row['successor']!r}"
    if row["valid_from"] and row["valid_to"] and row["valid_to"] <= row["valid_from"]:
        yield "valid_to", "终止应晚于起始", "it ends before it begins"


def _keys(look: Look) -> Iterable[Key]:
    return ((code,) for code in look.places)


def _write(changes: Sequence[Change], by: Seat, look: Look) -> None:
    """Higher kinds first, so that what they hold finds them; taken away from below."""
    kinds = [zh for zh, _ in PLACE_KINDS.values()]
    coming = [c for c in changes if c.after]
    for change in sorted(coming, key=lambda c: kinds.index((c.after or {})["kind"])):
        _put(change, look)
    for change in coming:
        row = change.after or {}
        if row["successor"] or (change.before or {}).get("successor"):
            place = look.places[row["code"]]
            place.successor = look.places.get(row["successor"])
            place.save(update_fields=["successor"])
    going = [c for c in changes if c.after is None]
    for change in sorted(going, key=lambda c: -kinds.index((c.before or {})["kind"])):
        look.places.pop(change.key[0]).delete()


def _put(change: Change, look: Look) -> None:
    row = change.after or {}
    place = look.places.get(row["code"]) or Place(code=row["code"], path="")
    moved = change.before is None or change.before["parent"] != row["parent"]
    place.name, place.kind = row["name"], code_of(PLACE_KINDS, row["kind"])
    place.parent = look.places.get(row["parent"])
    place.valid_from, place.valid_to = to_day(row["valid_from"]), to_day(row["valid_to"])
    if (place.lon, place.lat) != (to_number(row["lon"]), to_number(row["lat"])):
        place.lon, place.lat = to_number(row["lon"]), to_number(row["lat"])
        place.position_synthetic = False
    place.source = row["source"]
    place.save()
    look.places[place.code] = place
    if moved:
        _set_path(place, look)


def _set_path(place: Place, look: Look) -> None:
    """The path of a place that was put elsewhere, and of all it holds."""
    old, new = place.path, f"{place.parent.path if place.parent else ''}{place.pk}."
    Place.objects.filter(pk=place.pk).update(path=new)
    place.path = new
    below = Place.objects.filter(path__startswith=old).exclude(pk=place.pk) if old else ()
    for one in below:
        Place.objects.filter(pk=one.pk).update(path=new + one.path[len(old) :])


PLACES = Door(
    code="places",
    zh="区划",
    en="Places",
    fields=(
        Field("code", "代码", "Code", short(12), needed=True, example="350627102"),
        Field("name", "名称", "Name", short(60), needed=True, example="和溪镇"),
        choice_field("kind", "级别", "Kind", PLACE_KINDS, needed=True, example="乡镇"),
        Field("parent", "上级代码", "In (code)", short(12), example="350627"),
        Field("valid_from", "启用日期", "From", day),
        Field("valid_to", "停用日期", "To", day),
        Field("successor", "后继代码", "Successor (code)", short(12)),
        Field("lon", "经度", "Longitude", number(-180, 180), hint_zh="WGS84", hint_en="WGS84"),
        Field("lat", "纬度", "Latitude", number(-90, 90), hint_zh="WGS84", hint_en="WGS84"),
        Field("source", "出处", "Source", short(200), needed=True, example="统计局 2023"),
    ),
    key=("code",),
    look=Look,
    there=_there,
    scope=_scope,
    judge=_judge,
    write=_write,
    hint_zh="市、县区、乡镇、村、网格；代码 2–12 位。被取代的区划写明停用日期和后继代码。",
    hint_en="City, counties, towns, villages, grids. One that was replaced names its successor.",
)
