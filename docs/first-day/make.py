"""Makes the ten tables of this folder: a small synthetic county, entered from nothing. Run it with
FANGXIAN_DATA_DIR set to an empty folder; it writes beside itself."""

from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).parent
CITY, COUNTY = "3599", "359901"
TOWNS = {"359901100": "清溪镇", "359901101": "白石乡"}
VILLAGES = {
    "359901100201": ("上游村", "359901100", 117.10, 24.50),
    "359901100202": ("桥头村", "359901100", 117.12, 24.51),
    "359901101201": ("白石村", "359901101", 117.20, 24.55),
    "359901101202": ("田中村", "359901101", 117.22, 24.56),
}
SOURCE = "示例，虚构"
CITY_HQ, COUNTY_HQ = "示例市防汛抗旱指挥部", "示例县防汛抗旱指挥部"
EPIDEMIC, WATER = "示例市疫情防控指挥部", "示例县水利局"
SURNAMES = "陈林黄张吴李王蔡郑许杨洪曾郭罗谢"


def places() -> Iterable[dict[str, object]]:
    yield {"code": CITY, "name": "示例市", "kind": "市", "lon": 117.15, "lat": 24.52}
    yield {"code": COUNTY, "name": "示例县", "kind": "县区", "parent": CITY}
    for code, name in TOWNS.items():
        yield {"code": code, "name": name, "kind": "乡镇", "parent": COUNTY}
    for code, (name, town, lon, lat) in VILLAGES.items():
        yield {"code": code, "name": name, "kind": "村", "parent": town, "lon": lon, "lat": lat}


def organisations() -> Iterable[dict[str, object]]:
    flood = {"kind": "指挥部", "headquarters": "防汛"}
    yield {
        "name": CITY_HQ,
        "place": CITY,
        **flood,
        "short_name": "示例防指",
        "duty_phone": "0599-7000001",
    }
    yield {
        "name": EPIDEMIC,
        "place": CITY,
        "kind": "指挥部",
        "headquarters": "防疫",
        "short_name": "示例疫指",
        "duty_phone": "0599-7000002",
    }
    yield {
        "name": COUNTY_HQ,
        "place": COUNTY,
        **flood,
        "short_name": "县防指",
        "duty_phone": "0599-7000003",
    }
    yield {"name": WATER, "place": COUNTY, "kind": "部门"}
    for code, name in TOWNS.items():
        yield {"name": f"{name}人民政府", "place": code, "kind": "政府"}


def posts() -> Iterable[dict[str, object]]:
    top = {"superior_organisation": CITY_HQ, "superior": "指挥长"}
    county = {"superior_organisation": COUNTY_HQ, "superior": "指挥长"}
    yield {"organisation": CITY_HQ, "post": "指挥长", "role": "指挥长"}
    yield {"organisation": CITY_HQ, "post": "副指挥长", "role": "负责人", **top}
    yield {"organisation": CITY_HQ, "post": "值班员", "role": "值班员", **top}
    yield {"organisation": CITY_HQ, "post": "系统管理员", "role": "管理员", **top}
    yield {"organisation": EPIDEMIC, "post": "指挥长", "role": "指挥长"}
    yield {
        "organisation": EPIDEMIC,
        "post": "值班员",
        "role": "值班员",
        "superior_organisation": EPIDEMIC,
        "superior": "指挥长",
    }
    yield {"organisation": COUNTY_HQ, "post": "指挥长", "role": "负责人", **top}
    yield {"organisation": WATER, "post": "局长", "role": "责任人", **county}
    yield {"organisation": WATER, "post": "水情员", "role": "水情员", **county}
    for code, name in TOWNS.items():
        office = f"{name}人民政府"
        head = {
            "superior_organisation": office,
            "superior": "镇长" if name.endswith("镇") else "乡长",
        }
        yield {"organisation": office, "post": head["superior"], "role": "负责人", **county}
        yield {"organisation": office, "post": "水利员", "role": "责任人", **head}
        for key, (village, town, *_) in VILLAGES.items():
            if town == code:
                yield {
                    "organisation": office,
                    "post": f"{village}责任人",
                    "place": key,
                    "role": "责任人",
                    **head,
                }


def people() -> Iterable[dict[str, object]]:
    for n, _ in enumerate(posts(), 1):
        name = f"{SURNAMES[n % 16]}{'示范样例演练'[n % 6]}{'一二三四五六七八九'[n % 9]}"
        yield {"code": f"E{n:03d}", "name": name, "phone": f"1990000{n:04d}"}


def terms() -> Iterable[dict[str, object]]:
    for n, post in enumerate(posts(), 1):
        own = {k: post[k] for k in ("organisation", "post")}
        yield {**own, "person": f"E{n:03d}", "starts_at": "2021-06-05", "reason": SOURCE}


def sites() -> Iterable[dict[str, object]]:
    here = {"frame": "WGS84", "position_source": SOURCE, "source": SOURCE}
    yield {
        "kind": "避灾点",
        "code": "S001",
        "name": "清溪中心小学避灾点",
        "place": "359901100201",
        "lon": 117.101,
        "lat": 24.501,
        **here,
    }
    yield {
        "kind": "水库",
        "code": "R001",
        "name": "白石水库",
        "place": "359901101201",
        "lon": 117.21,
        "lat": 24.56,
        **here,
    }
    yield {
        "kind": "医院",
        "code": "H001",
        "name": "示例县医院",
        "place": COUNTY,
        "lon": 117.15,
        "lat": 24.52,
        **here,
    }


def stations() -> Iterable[dict[str, object]]:
    here = {"frame": "WGS84", "position_source": SOURCE, "source": SOURCE, "every_min": 60}
    yield {
        "code": "61000001",
        "name": "清溪雨量站",
        "place": "359901100201",
        "lon": 117.11,
        "lat": 24.505,
        **here,
    }
    yield {
        "code": "61000002",
        "name": "白石雨量站",
        "place": "359901101201",
        "lon": 117.21,
        "lat": 24.555,
        **here,
    }
    yield {
        "code": "61000003",
        "name": "清溪桥水位站",
        "place": "359901100202",
        "lon": 117.12,
        "lat": 24.51,
        "river": "清溪",
        "datum": "黄海基面",
        **here,
    }


def duties() -> Iterable[dict[str, object]]:
    def three(kind: str, key: str, *held: tuple[str, str]) -> Iterable[dict[str, object]]:
        for role, (office, post) in zip(("属地A岗", "属地B岗", "部门监管"), held, strict=True):
            yield {"kind": kind, "key": key, "role": role, "organisation": office, "post": post}

    chief, deputy, water = (CITY_HQ, "指挥长"), (CITY_HQ, "副指挥长"), (WATER, "局长")
    yield from three("区划", CITY, chief, deputy, water)
    yield from three("区划", COUNTY, (COUNTY_HQ, "指挥长"), deputy, water)
    town_of: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {}
    for code, name in TOWNS.items():
        office = f"{name}人民政府"
        head, officer = (office, "镇长" if name.endswith("镇") else "乡长"), (office, "水利员")
        town_of[code] = head, officer
        yield from three("区划", code, head, officer, water)
    for key, (village, town, *_) in VILLAGES.items():
        head, officer = town_of[town]
        yield from three("区划", key, (head[0], f"{village}责任人"), head, officer)
    for code, town in (
        ("61000001", "359901100"),
        ("61000002", "359901101"),
        ("61000003", "359901100"),
    ):
        yield from three("测站", code, town_of[town][1], town_of[town][0], (WATER, "水情员"))
    yield from three("避灾点", "S001", town_of["359901100"][0], town_of["359901100"][1], water)
    yield from three("水库", "R001", town_of["359901101"][0], town_of["359901101"][1], water)
    yield from [
        r
        for r in three("医院", "H001", (COUNTY_HQ, "指挥长"), deputy, (EPIDEMIC, "值班员"))
        if "B" not in str(r["role"])
    ]


def marks() -> Iterable[dict[str, object]]:
    yield {
        "station": "61000003",
        "mark": "警戒 WRZ",
        "value_m": 11.6,
        "source": SOURCE,
        "verified": "否",
    }


def users() -> Iterable[dict[str, object]]:
    for n, post in enumerate(posts(), 1):
        if post["role"] in ("指挥长", "值班员", "管理员", "水情员"):
            yield {"username": f"e{n:03d}", "person": f"E{n:03d}"}


TABLES = {
    "places": places,
    "organisations": organisations,
    "posts": posts,
    "people": people,
    "terms": terms,
    "sites": sites,
    "stations": stations,
    "duties": duties,
    "marks": marks,
    "users": users,
}


def rows_of(kind: str) -> list[dict[str, str]]:
    """The rows of a table as texts."""
    return [
        {**({"source": SOURCE} if kind == "places" else {}), **{k: str(v) for k, v in row.items()}}
        for row in TABLES[kind]()
    ]


def main() -> None:
    import django

    django.setup()
    from fangxian.ops.bootstrap import make_ready
    from fangxian.spine.core.door import door
    from fangxian.spine.core.door_tables import workbook

    make_ready(places=False)
    for n, kind in enumerate(TABLES, 1):
        one = door(kind)
        blank = {column.name: "" for column in one.fields}
        rows = [{**blank, **row} for row in rows_of(kind)]
        book = workbook(one, rows, who="示例", clear=True, versions=False)
        (FOLDER / f"{n:02d}-{kind}.xlsx").write_bytes(book)


if __name__ == "__main__":
    main()
