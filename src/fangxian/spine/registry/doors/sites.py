"""The door of sites, and the columns that every table of sites shares: the position among them, in
the coordinate system the table says, kept in WGS84."""

from collections.abc import Iterable, Sequence
from typing import Any

from fangxian.kernels.geo.shift import FRAMES, to_wgs84
from fangxian.spine.core.canon import (
    choices,
    code_of,
    moment,
    moment_text,
    number,
    number_text,
    short,
    to_moment,
    to_number,
)
from fangxian.spine.core.door import Change, Door, Field, Key, Row, Wrong, remove
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.tables import UnreadableError
from fangxian.spine.registry.models import Site

from .look import Look, place_field, place_text

FRAME_WORDS = {code: (code, code) for code in FRAMES} | {"CGCS2000": ("CGCS2000", "CGCS2000")}
STATION = "station"


def read_wkt(text: str) -> str:
    """A line or area as WKT, its numbers to six decimals (some 10 cm)."""
    import numpy as np
    import shapely

    try:
        with np.errstate(all="ignore"):  # a number beyond all bounds makes it invalid, below
            shape = shapely.from_wkt(text)
    except shapely.errors.ShapelyError:
        zh = f"“{text[:30]}…”不是 WKT，如 LINESTRING(117.1 24.5, 117.2 24.6)"
        raise UnreadableError(zh, f"{text[:30]!r} is no WKT") from None
    if shape.geom_type not in ("LineString", "MultiLineString", "Polygon", "MultiPolygon"):
        raise UnreadableError("应为线或面", "it should be a line or an area")
    if shape.is_empty or not shape.is_valid:
        raise UnreadableError("图形自相交或不闭合", "it crosses itself or is not closed")
    return str(shapely.to_wkt(shape, rounding_precision=6))


def site_fields(*, code_most: int, kind: Field | None = None) -> tuple[Field, ...]:
    """The columns of a table of sites."""
    frame = Field(
        "frame",
        "坐标系",
        "Coordinates",
        known=lambda look: choices(FRAME_WORDS),
        offered=lambda look: list(FRAME_WORDS),
        hint_zh="有经纬度必填：WGS84、CGCS2000、GCJ-02（高德、腾讯）、BD-09（百度）；一表只用一种",
        hint_en="needed beside a position: WGS84, CGCS2000, GCJ-02, BD-09; one a table",
        example="WGS84",
    )
    organisations = lambda look: look.organisation_texts  # noqa: E731
    return (
        *((kind,) if kind else ()),
        Field("code", "编号", "Code", short(code_most), needed=True),
        Field("name", "名称", "Name", short(80), needed=True),
        Field("former_names", "曾用名", "Former names", short(200)),
        place_field(needed=True),
        Field(
            "organisation", "主管单位", "Organisation", known=organisations, offered=organisations
        ),
        Field("lon", "经度", "Longitude", number(-180, 180)),
        Field("lat", "纬度", "Latitude", number(-90, 90)),
        frame,
        Field("shape", "线或面", "Line or area", read_wkt, hint_zh="WKT，可空"),
        Field("position_source", "位置来源", "Position from", short(200), example="实测 2026"),
        Field("valid_from", "启用", "From", moment),
        Field("valid_to", "停用", "To", moment),
        Field("source", "资料来源", "Source", short(200)),
    )


def site_row(site: Site) -> Row:
    here = site.lon is not None or site.shape is not None
    return {
        "code": site.code,
        "name": site.name,
        "former_names": site.former_names,
        "place": place_text(site.place),
        "organisation": site.organisation.name if site.organisation else "",
        "lon": number_text(site.lon),
        "lat": number_text(site.lat),
        "frame": "WGS84" if here else "",
        "shape": wkt_of(site.shape),
        "position_source": site.position_source,
        "valid_from": moment_text(site.valid_from),
        "valid_to": moment_text(site.valid_to),
        "source": site.source,
    }


def wkt_of(shape: Any) -> str:
    """An outline as it is written in a table; empty for none."""
    if shape is None:
        return ""
    import shapely
    import shapely.geometry

    return str(shapely.to_wkt(shapely.geometry.shape(shape), rounding_precision=6))


def shape_of(text: str) -> Any:
    """An outline of a table as it is kept; None for an empty one."""
    import shapely
    import shapely.geometry

    return shapely.geometry.mapping(shapely.from_wkt(text)) if text else None


def fill_position(row: Row, there: dict[Key, Row], look: Look) -> None:
    """Positions as they are kept: in WGS84, to a tenth of a metre. Which systems a table has named
    is remembered, for a table with two is refused."""
    frame = row.get("frame", "")
    if not frame:
        return
    look.frames.add(frame)
    row["frame"] = "WGS84"
    if frame in ("WGS84", "CGCS2000"):  # the same to within a decimetre
        return
    if row.get("lon") and row.get("lat"):
        lon, lat = to_wgs84(float(row["lon"]), float(row["lat"]), frame=frame)
        row["lon"], row["lat"] = f"{lon:.6f}".rstrip("0"), f"{lat:.6f}".rstrip("0")
    if row.get("shape"):
        import numpy as np
        import shapely

        def moved(points: np.ndarray) -> np.ndarray:
            return np.array([to_wgs84(x, y, frame=frame) for x, y in points])

        shape = shapely.transform(shapely.from_wkt(row["shape"]), moved)
        row["shape"] = str(shapely.to_wkt(shape, rounding_precision=6))


def judge_site(row: Row, before: Row | None, look: Look) -> Iterable[Wrong]:
    if bool(row["lon"]) != bool(row["lat"]):
        yield "lon", "经度、纬度要么都有，要么都空", "longitude and latitude go together"
    if (row["lon"] or row["shape"]) and not row["frame"]:
        zh = "有位置须写坐标系：GCJ-02 与 WGS84 相差五六百米"
        yield "frame", zh, "a position needs its coordinate system: they are 560 m apart"
    if len(look.frames) > 1:
        named = "、".join(sorted(look.frames))
        yield (
            "frame",
            f"一张表只能用一种坐标系，有 {named}",
            f"one table, one system; it has {named}",
        )
    if row["valid_from"] and row["valid_to"] and row["valid_to"] <= row["valid_from"]:
        yield "valid_to", "停用应晚于启用", "it ends before it begins"


def put_site(site: Site, row: Row, look: Look) -> None:
    """What a row says onto a site; saving is the caller's."""

    site.name, site.former_names = row["name"], row["former_names"]
    site.place = look.place(row["place"])
    site.organisation = look.organisations.get(row["organisation"])
    lon, lat = to_number(row["lon"]), to_number(row["lat"])
    if (lon, lat) != (site.lon, site.lat):
        site.lon, site.lat, site.position_synthetic = lon, lat, False
    site.shape = shape_of(row["shape"])
    site.position_source, site.source = row["position_source"], row["source"]
    site.valid_from, site.valid_to = to_moment(row["valid_from"]), to_moment(row["valid_to"])


def _sites(look: Look) -> dict[Key, Row]:
    """All sites but those that a table of their own keeps."""
    found: dict[Key, Row] = {}
    for (kind, code), site in look.sites.items():
        if kind != STATION:
            successor = site.successor.code if site.successor else ""
            told = {"kind": look.kinds.get(kind, (kind,))[0], "successor": successor}
            found[told["kind"], code] = site_row(site) | told
    return found


def _judge(row: Row, before: Row | None, look: Look) -> Iterable[Wrong]:
    yield from judge_site(row, before, look)
    if code_of(look.kinds, row["kind"]) == STATION:
        yield "kind", "测站在“测站”表登记，不重复登记", "stations have a table of their own"
    other = (row["kind"], row["successor"])
    there = (code_of(look.kinds, row["kind"]), row["successor"])
    if row["successor"] and there not in look.sites and other not in look.coming:
        yield "successor", f"没有“{row['successor']}”", f"there is no {row['successor']!r}"


def _write(changes: Sequence[Change], by: Seat, look: Look) -> None:
    for change in changes:
        kind = code_of(look.kinds, change.key[0])
        site = look.sites.get((kind, change.key[1])) or Site(kind=kind, code=change.key[1])
        if change.after is None:
            continue
        put_site(site, change.after, look)
        site.save()
        look.sites[kind, site.code] = site
    going = [c for c in changes if c.after is None]
    remove(look.sites.pop((code_of(look.kinds, c.key[0]), c.key[1])) for c in going)
    for change in changes:
        if change.after and change.after["successor"]:
            kind = code_of(look.kinds, change.key[0])
            site = look.sites[kind, change.key[1]]
            site.successor = look.sites[kind, change.after["successor"]]
            site.save(update_fields=["successor"])


SITES = Door(
    code="sites",
    zh="场所",
    en="Sites",
    fields=(
        *site_fields(
            code_most=40,
            kind=Field(
                "kind",
                "种类",
                "Kind",
                known=lambda look: choices(look.kinds),
                offered=lambda look: [zh for zh, _ in look.kinds.values()],
                needed=True,
                example="避灾点",
            ),
        ),
        Field("successor", "后继编号", "Successor", short(40)),
    ),
    key=("kind", "code"),
    look=Look,
    there=_sites,
    scope=lambda row, look: look.place(row["place"]).path,
    fill=fill_position,
    judge=_judge,
    write=_write,
    hint_zh="水库、堤段、水闸、隐患点、避灾点、医院、学校、酒店、港口、冷库、市场……每处一行，"
    "编号在同类中不重复。测站另有表。",
    hint_en="One row a site; its code is the only one of its kind. Stations have their own table.",
)
