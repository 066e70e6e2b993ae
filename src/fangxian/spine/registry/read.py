"""Selectors of the registry: seats, places, holders, names. Proof of cover is in prove.py."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Max, Prefetch, Q, QuerySet

from fangxian.spine.core import clock, things
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require, visible
from fangxian.spine.core.things import Kind, Thing

from .models import Duty, Handover, Organisation, Person, Place, Post, Site, Term
from .names import Named, NameIndex

# who sits on posts by a roster, and the posts somebody has by one: said by a higher room
ON_DUTY: list[Callable[[Collection[int], datetime], dict[int, Person]]] = []
WATCH_SEATS: list[Callable[[Q, datetime], Iterable[tuple[Person, Post]]]] = []

KIND_RANK = {kind: rank for rank, kind in enumerate(Place.Kind.values)}


def in_force(at: datetime, path: str = "") -> Q:
    """Terms that run at ``at``; ``path`` leads to them from another table."""
    return rows_in_force(at, since=f"{path}starts_at", until=f"{path}ends_at")


def seats_of(user: AbstractBaseUser | AnonymousUser) -> list[Seat]:
    """The seats a user may take now: own posts before those he stands in for, the newest first; a
    named successor has one to sign with."""
    if not user.is_authenticated:
        return []
    seats = _seats(Q(person__user_id=user.pk))
    return seats or list(_successor_seats(user))


def chosen_of(seats: Sequence[Seat], post_id: int | None) -> Seat | None:
    """Of somebody's seats the one of a post, or the first; None without any."""
    return next((s for s in seats if s.post_id == post_id), seats[0] if seats else None)


def seat_of_person(person: Person) -> Seat:
    """The first seat of a person now. Raises ``rights.no_seat``."""
    seats = seats_of_person(person)
    if not seats:
        raise Problem("rights.no_seat")
    return seats[0]


def seats_of_person(person: Person) -> list[Seat]:
    """All seats of a person now, his own before those he keeps for others."""
    return _seats(Q(person=person))


def _seats(whose: Q) -> list[Seat]:
    terms = Term.objects.filter(in_force(clock.now()), whose).select_related(
        "person", "post__place", "post__organisation"
    )
    own = [t for t in terms if t.kind == Term.Kind.HOLDER]
    interim = [t for t in terms if t.kind != Term.Kind.HOLDER]
    ordered = [sorted(some, key=lambda t: t.starts_at, reverse=True) for some in (own, interim)]
    seats = [seat_from(term) for some in ordered for term in some]
    has = {seat.post_id for seat in seats}
    watches = [pair for hook in WATCH_SEATS for pair in hook(whose, clock.now())]
    return seats + [_seat(person, post) for person, post in watches if post.pk not in has]


def takeovers_of(person_id: int | None) -> "QuerySet[Handover]":
    """Hand-overs that wait for a person's signature, on whichever side."""
    new = Q(successor=person_id or 0, new_signed_at=None)
    his = Term.objects.filter(person=person_id or 0)  # few: not all terms through a join
    old = Q(term__in=his.values("pk"), old_signed_at=None)
    found = Handover.objects.filter(new | old, passed_at=None)
    return found.select_related("term__post__organisation", "term__person", "successor")


def _successor_seats(user: AbstractBaseUser | AnonymousUser) -> Iterable[Seat]:
    waiting = Handover.objects.filter(passed_at__isnull=True, successor__user_id=user.pk or 0)
    for handover in waiting.select_related("successor", "term__post__place"):
        place, name = handover.term.post.place, handover.successor.name
        yield Seat(handover.successor_id, None, name, "successor", place.path, place.kind)


def seat_from(term: Term) -> Seat:
    return _seat(term.person, term.post, interim=term.kind != Term.Kind.HOLDER)


def _seat(person: Person, post: Post, *, interim: bool = False) -> Seat:
    return Seat(
        person_id=person.pk,
        post_id=post.pk,
        label=f"{person.name}（{post}）",
        role=post.role,
        place_path=post.place.path,
        level=post.place.kind,
        interim=interim,
    )


def the_post(key: int) -> Post:
    """A post by its number. Raises ``not_found``."""
    post = Post.objects.select_related("place", "organisation").filter(pk=key).first()
    if post is None:
        raise Problem("not_found", what=f"岗位 {key}")
    return post


def holders(posts: Iterable[int], at: datetime | None = None) -> dict[int, Person]:
    """Who sits on each post at ``at``: by its roster, or else by term of office; a post without
    anybody is absent."""
    keys, at = list(posts), at or clock.now()
    terms = Term.objects.filter(in_force(at), post_id__in=keys)
    found = {term.post_id: term.person for term in terms.select_related("person")}
    for hook in ON_DUTY:
        found |= hook(keys, at)
    return found


def holder(post: Post | int, at: datetime | None = None) -> Person | None:
    key = post if isinstance(post, int) else post.pk
    return holders([key], at).get(key)


def stand_in(post: Post, at: datetime, *, without: int | None) -> Person | None:
    """Who keeps a post for the time being: the holder of the nearest superior post that has one
    who is not ``without``, the person that leaves."""
    seen, above = set(), post.superior
    while above is not None and above.pk not in seen:
        seen.add(above.pk)
        terms = Term.objects.filter(in_force(at), post=above).select_related("person")
        held = terms.exclude(person=without).order_by("-starts_at").first()
        if held:
            return held.person
        above = above.superior
    return None


NO_PHONE = ("", "****")


def next_code() -> str:
    """The next free staff number of our own making."""
    codes = Person.objects.filter(code__startswith="R").values_list("code", flat=True)
    return f"R{max((int(c[1:]) for c in codes if c[1:].isdigit()), default=0) + 1:05d}"


def reachable(person: Person) -> bool:
    """Whether a call can reach a person at all: there is a number to call."""
    return person.phone_masked not in NO_PHONE


def city() -> Place:
    """The city this folder is of. Raises ``city.none``."""
    found = Place.objects.filter(kind=Place.Kind.CITY, successor=None).first()
    if found is None:
        raise Problem("city.none")
    return found


def city_path() -> str:
    """The path of the city; while there is none, that of everything."""
    found = Place.objects.filter(kind=Place.Kind.CITY, successor=None).first()
    return found.path if found else ""


def post_by_role(role: str, place: Place | None = None) -> Post:
    """The post with ``role`` at ``place`` (the city by default); the first one made leads."""
    place = place or city()
    post = Post.objects.filter(role=role, place=place).order_by("id").first()
    if post is None:
        raise Problem("not_found", what=f"{place} {role}")
    return post


def fallback_post() -> Post | None:
    """The named post that owns whatever has no other owner: the city duty officer, or whoever
    leads, or any post; None while the city has no post at all."""
    order = {"duty_officer": 0, "commander": 1}
    posts = Post.objects.filter(place__kind=Place.Kind.CITY)
    return min(posts, key=lambda p: (order.get(p.role, 2), p.pk), default=None)


def places(*, seat: Seat) -> QuerySet[Place]:
    prefix = visible(seat, "map.read")
    every = Place.objects
    found = every.none() if prefix is None else every.filter(path__startswith=prefix)
    return found.prefetch_related("predecessors")


def current_places(*, seat: Seat, at: datetime | None = None) -> QuerySet[Place]:
    """Places of the tree without those replaced by a successor."""
    return places(seat=seat).filter(successor__isnull=True)


def towns(*, seat: Seat, counties: bool = False) -> QuerySet[Place]:
    """Towns as they are now, by code; with ``counties`` those too."""
    kinds = [Place.Kind.TOWN, *([Place.Kind.COUNTY] if counties else [])]
    found = current_places(seat=seat).filter(kind__in=kinds)
    return found.select_related("parent").order_by("code")


def place_label(place: Place, at: datetime | None = None) -> str:
    """The name people use at ``at``, with the county in front where it helps."""
    day = clock.beijing(at or clock.now()).date()
    if place.kind in {Place.Kind.TOWN, Place.Kind.VILLAGE} and place.parent:
        return f"{place.parent.name_on(day)} {place.name}"
    return place.name_on(day)


def town_of(place: Place) -> Place:
    """The town a place is or lies in; the place itself where it lies above towns."""
    return place.ancestor(Place.Kind.TOWN) or place


def headquarters_at(kind: str, place: Place) -> Organisation:
    """The headquarters of a kind at just this place. Raises ``headquarters.none``."""
    found = Organisation.objects.filter(headquarters=kind, place=place).first()
    if found is None:
        raise Problem("headquarters.none", kind=kind, place=place.name)
    return found


def headquarters_above(kind: str, path: str) -> Organisation:
    """The headquarters of a kind nearest above a path of the tree. Raises ``headquarters.none``."""
    there = Organisation.objects.filter(headquarters=kind).select_related("place")
    above = [one for one in there if path.startswith(one.place.path)]
    if not above:
        raise Problem("headquarters.none", kind=kind, place=path)
    return max(above, key=lambda one: len(one.place.path))


def leader_of(organisation: Organisation) -> Post:
    """The post that leads: the first one made. Raises ``not_found``."""
    post = organisation.post_set.order_by("id").first()
    if post is None:
        raise Problem("not_found", what=f"{organisation} 岗位")
    return post


def posts(*, seat: Seat) -> QuerySet[Post]:
    prefix = visible(seat, "register.read")
    if prefix is None:
        return Post.objects.none()
    found = Post.objects.filter(place__path__startswith=prefix)
    current = Prefetch(
        "terms",
        Term.objects.filter(in_force(clock.now())).select_related("person"),
        to_attr="current_terms",
    )
    return found.select_related("organisation", "place").prefetch_related(current)


def organisations(*, seat: Seat) -> QuerySet[Organisation]:
    prefix = visible(seat, "register.read")
    if prefix is None:
        return Organisation.objects.none()
    return Organisation.objects.filter(place__path__startswith=prefix).select_related("place")


def people(*, seat: Seat) -> QuerySet[Person]:
    prefix = visible(seat, "register.read")
    if prefix is None:
        return Person.objects.none()
    return Person.objects.filter(
        terms__in=Term.objects.filter(in_force(clock.now()), post__place__path__startswith=prefix)
    ).distinct()


def sites(*, seat: Seat, at: datetime | None = None) -> QuerySet[Site]:
    """Sites that exist, stations among them."""
    prefix = visible(seat, "map.read")
    if prefix is None:
        return Site.objects.none()
    here = rows_in_force(at or clock.now())
    found = Site.objects.filter(here, place__path__startswith=prefix)
    return found.select_related("place__parent", "organisation")


def site(kind: str, code: str, *, seat: Seat) -> Site:
    """One site, also one that has ended. Raises ``not_found``."""
    found = (
        Site.objects.filter(kind=kind, code=code).select_related("place", "organisation").first()
    )
    if found is None or visible(seat, "map.read") is None:
        raise Problem("not_found", what=f"{kind} {code}")
    require(seat, "map.read", place=found.place.path)
    return found


def duties(*, seat: Seat) -> QuerySet[Duty]:
    prefix = visible(seat, "register.read")
    if prefix is None:
        return Duty.objects.none()
    found = Duty.objects.filter(rows_in_force(clock.now()), place__path__startswith=prefix)
    return found.select_related("post__organisation", "place")


def duties_of_post(post: Post, *, seat: Seat) -> QuerySet[Duty]:
    return duties(seat=seat).filter(post=post)


def open_handovers(*, seat: Seat) -> QuerySet[Handover]:
    prefix = visible(seat, "register.read")
    if prefix is None:
        return Handover.objects.none()
    found = Handover.objects.filter(
        passed_at__isnull=True, term__post__place__path__startswith=prefix
    )
    return found.select_related("term__post__organisation", "term__person", "successor")


def terms_of_post(post: Post, *, seat: Seat) -> QuerySet[Term]:
    require(seat, "register.read", place=post.place.path)
    return post.terms.select_related("person").order_by("-starts_at")


def _names_now() -> NameIndex:
    """The index over the places as they stand, made anew when one is entered and every day."""
    entered = Event.objects.filter(subject_kind="places", kind="register.entered")
    last = Event.objects.filter(pk=entered.aggregate(last=Max("pk"))["last"]).values_list("hash")
    stamp = f"{Place.objects.count()} {last.first()}"
    return _name_index(stamp, clock.beijing(clock.now()).date())


@lru_cache(1)
def _name_index(stamp: str, day: date) -> NameIndex:
    things = []
    for place in Place.objects.select_related("parent__parent__parent").prefetch_related(
        "predecessors", "parent__predecessors", "parent__parent__predecessors"
    ):
        if place.successor_id:
            continue
        beside = place.parent.name_on(day) if place.parent else ""
        if place.kind == "village" and place.parent and place.parent.parent:
            beside = f"{place.parent.parent.name_on(day)} {beside}"
        things.append(
            Named(
                kind="place",
                key=place.code,
                name=place.name,
                beside=beside,
                rank=KIND_RANK[place.kind],
                code=place.code,
                aliases=tuple(old.name for old in place.predecessors.all()),
                codes=tuple(_former_codes(place)),
            )
        )
        things += [
            Named("place", place.code, old.name, f"今 {place.name}", 1, code=old.code)
            for old in place.predecessors.all()
        ]
    return NameIndex(things)


def _former_codes(place: Place) -> Iterable[str]:
    """Codes it would have had under a county that was replaced: 350681100 is 350604100 now."""
    county = place.ancestor(Place.Kind.COUNTY)
    for old in county.predecessors.all() if county and county is not place else ():
        yield old.code + place.code[len(old.code) :]


def find_places(query: str, *, seat: Seat, limit: int = 3) -> list[Named]:
    """Places by code, name, old name, Traditional form, pinyin or initials."""
    prefix = visible(seat, "map.read")
    if prefix is None:
        return []
    found = _names_now().find(query, limit if not prefix else 200)
    if prefix:
        codes = set(places(seat=seat).values_list("code", flat=True))
        found = [thing for thing in found if thing.key in codes]
    return found[:limit]


def counties_outline() -> dict[str, Any]:
    """The county polygons, WGS84 GeoJSON."""
    import json
    from pathlib import Path

    file = Path(__file__).parent / "data" / "counties_2021.wgs84.geojson"
    return dict(json.loads(file.read_text(encoding="utf-8")))


def _things(keys: Collection[str]) -> Iterable[Thing]:
    for place in Place.objects.filter(code__in=keys, successor=None).select_related("parent"):
        yield Thing("place", place.code, place_label(place), f"/places/{place.code}", place.pk)


things.declare(Kind("place", "区划", "place", _things))


def owners(thing_kind: str, key: str | None = None) -> dict[str, int | None]:
    """The post in the A role of every thing of a kind, by key; with ``key`` of that one."""
    rows = Duty.objects.filter(rows_in_force(clock.now()), thing_kind=thing_kind, role="A")
    rows = rows if key is None else rows.filter(thing_id=key)
    return dict(rows.values_list("thing_id", "post_id"))
