"""The door: a city is filled from tables, each shown as a difference first, and taken back."""

import importlib.util
from pathlib import Path

import pytest
from story import START

from fangxian.spine.core import clock
from fangxian.spine.core.clock import FixedClock
from fangxian.spine.core.door import DOORS, door, examine, rows_of, take
from fangxian.spine.core.door_tables import csv_text, read_given, workbook
from fangxian.spine.core.door_undo import undo
from fangxian.spine.core.models import Event, Import
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.core.tables import UnreadableError
from fangxian.spine.registry.doors.sites import read_wkt
from fangxian.spine.registry.models import Duty, Organisation, Person, Place, Post, Site, Term
from fangxian.spine.registry.prove import prove
from fangxian.spine.registry.read import find_places, holder
from fangxian.spine.registry.seal import unseal
from fangxian.wiring import SUBJECTS  # noqa: F401 - declares the doors

HQ = "漳州市防汛抗旱指挥部"


def enter(kind, *rows, by=SYSTEM, **more):
    return take(door(kind), list(rows), by=by, source="test", **more)


def wrong(kind, *rows, by=SYSTEM):
    return [(row, column) for row, column, *_ in examine(door(kind), rows, by=by).wrong]


@pytest.mark.parametrize("kind", list(DOORS))
def test_what_is_exported_and_brought_back_changes_nothing(city, gauge, tmp_path, kind):
    one = door(kind)
    rows = rows_of(one, seat=SYSTEM)
    forms = {"a.csv": lambda: csv_text(one, rows).encode()}
    if len(rows) < 2000:  # a workbook of thousands only takes longer
        forms["a.xlsx"] = lambda: workbook(one, rows)
    for name, content in forms.items():
        (tmp_path / name).write_bytes(content())
        if not rows:
            continue
        given = read_given(one, tmp_path / name)
        found = examine(one, given.rows, by=SYSTEM)
        assert (found.changes, found.implied, found.wrong) == ([], [], [])
        assert found.same == found.rows == len(rows)


@pytest.mark.parametrize("kind", list(DOORS))
def test_a_template_has_every_column_and_no_row(city, tmp_path, kind):
    (tmp_path / "t.xlsx").write_bytes(workbook(door(kind), []))
    with pytest.raises(Problem) as refused:
        read_given(door(kind), tmp_path / "t.xlsx")
    assert refused.value.code == "table.no_rows"


def test_a_term_that_begins_ends_the_one_before_and_is_taken_back(city):
    post = {"organisation": HQ, "post": "副指挥长"}
    enter("people", {"code": "N1", "name": "新一", "phone": "13800001234"})
    before = rows_of(door("terms"), seat=SYSTEM)
    found, row = enter("terms", {**post, "person": "N1", "starts_at": "2016-10-01"})
    assert (found.made, len(found.implied)) == (1, 1)
    there = Post.objects.get(organisation__name=HQ, name="副指挥长")
    assert holder(there, START).name != "新一"
    with clock.use(FixedClock(START.replace(month=10, day=2))):
        assert holder(there).name == "新一"
        assert prove(since=START, until=clock.now()).gaps == []
    assert undo(row, by=SYSTEM) == 2
    assert rows_of(door("terms"), seat=SYSTEM) == before


def test_terms_that_overlap_are_refused_by_row(city):
    post = {"organisation": HQ, "post": "副指挥长", "person": "R00001"}
    past = {**post, "starts_at": "2010-01-01", "ends_at": "2030-01-01"}
    assert wrong("terms", past) == [(0, "starts_at")]


def test_nobody_leaves_a_post_that_answers_for_something_without_a_successor(city):
    duty = Duty.objects.select_related("post__organisation").exclude(post=None)[0]
    held = {"organisation": duty.post.organisation.name, "post": duty.post.name}
    own = next(r for r in rows_of(door("terms"), seat=SYSTEM) if held.items() <= r.items())
    assert wrong("terms", {**own, "ends_at": "2016-09-20"}) == [(0, "ends_at")]
    follower = {**held, "person": "R00001", "starts_at": "2016-09-20"}
    assert wrong("terms", {**own, "ends_at": "2016-09-20"}, follower) == []


def test_one_error_stops_all_unless_the_good_rows_are_wanted(city):
    good = {"name": "甲局", "kind": "部门", "place": "和溪镇"}
    bad = {"name": "乙局", "kind": "衙门", "place": "和溪镇"}
    with pytest.raises(Problem) as refused:
        enter("organisations", good, bad)
    assert refused.value.code == "door.errors"
    assert not Organisation.objects.filter(name="甲局").exists()
    found, _ = enter("organisations", good, bad, valid_rows=True)
    assert (found.made, found.bad_rows) == (1, 1)


def test_a_place_is_named_by_code_or_by_a_name_that_only_it_has(city):
    row = {"name": "甲局", "kind": "部门"}
    assert wrong("organisations", {**row, "place": "桥头村委会"}) == [(0, "place")]  # seven of them
    for text in ("350627102", "350627102000", "和溪镇", "南靖县和溪镇", "漳州市南靖县和溪镇"):
        assert wrong("organisations", {**row, "place": text}) == []
    found = examine(door("organisations"), [{**row, "place": "龙海市"}], by=SYSTEM)
    assert found.changes[0].after["place"] == "350604 龙海区"


def test_a_phone_is_one_number_and_stays_masked(city):
    assert wrong("people", {"name": "甲", "phone": "1380000"}) == [(0, "phone")]
    enter("people", {"name": "甲", "phone": "１３８-0000-1234"})
    person = Person.objects.get(name="甲")
    assert unseal(person.phone_sealed) == "13800001234"
    assert "13800001234" not in csv_text(door("people"), rows_of(door("people"), seat=SYSTEM))
    assert not Event.objects.filter(after__icontains="13800001234").exists()
    assert b"13800001234" not in bytes(Import.objects.get().rows_sealed)
    masked = {"code": person.code, "name": "甲", "phone": "138****1234"}
    assert examine(door("people"), [masked], by=SYSTEM).same == 1
    assert wrong("people", {**masked, "phone": "139****1234"}) == [(0, "phone")]


def test_the_same_person_is_not_entered_twice_without_a_number(city):
    row = {"name": "甲", "phone": "13800001234"}
    enter("people", row)
    assert examine(door("people"), [row], by=SYSTEM).same == 1


def test_a_row_changed_by_another_since_the_export_is_not_overwritten(city, tmp_path):
    one = door("organisations")
    enter("organisations", {"name": "甲局", "kind": "部门", "place": "和溪镇"})
    rows = [row for row in rows_of(one, seat=SYSTEM) if row["name"] == "甲局"]
    (tmp_path / "a.xlsx").write_bytes(workbook(one, rows))
    given = read_given(one, tmp_path / "a.xlsx").rows
    enter("organisations", {"name": "甲局", "kind": "部门", "place": "和溪镇", "short_name": "甲"})
    given[0]["short_name"] = "乙"
    assert [row for row, *_ in examine(one, given, by=SYSTEM).wrong] == [0]


def test_an_import_is_not_taken_back_over_a_later_change(city):
    row = {"name": "甲局", "kind": "部门", "place": "和溪镇"}
    _, first = enter("organisations", row)
    enter("organisations", {**row, "short_name": "甲"})
    with pytest.raises(Problem) as refused:
        undo(first, by=SYSTEM)
    assert refused.value.code == "door.changed"


def test_what_others_rest_on_is_not_taken_away(city):
    _, row = enter("organisations", {"name": "甲局", "kind": "部门", "place": "和溪镇"})
    enter("posts", {"organisation": "甲局", "post": "局长", "role": "责任人"})
    with pytest.raises(Problem) as refused:
        undo(row, by=SYSTEM)
    assert refused.value.code == "door.in_use"
    assert Import.objects.get(pk=row.pk).undone_at is None


def test_nobody_enters_beyond_his_right_or_place(city, guan, lin, zheng, chen):
    row = {"name": "甲局", "kind": "部门", "place": "和溪镇"}
    assert wrong("organisations", row, by=guan) == []
    for seat in (lin, zheng, chen):
        with pytest.raises(Problem) as refused:
            examine(door("organisations"), [row], by=seat)
        assert refused.value.code == "rights.denied"


def test_positions_are_kept_in_wgs84_and_a_mix_is_refused(city):
    site = {"kind": "水库", "name": "甲", "place": "和溪镇", "lon": "117.32", "lat": "24.71"}
    assert wrong("sites", {**site, "code": "1"}) == [(0, "frame")]
    mixed = [{**site, "code": "1", "frame": "WGS84"}, {**site, "code": "2", "frame": "GCJ-02"}]
    assert {column for _, column in wrong("sites", *mixed)} == {"frame"}
    enter("sites", {**site, "code": "2", "frame": "GCJ-02"})
    kept = Site.objects.get(kind="reservoir", code="2")
    east_m = (117.32 - kept.lon) * 101_300
    north_m = (24.71 - kept.lat) * 110_800
    assert 450 < east_m < 550
    assert -350 < north_m < -250


def test_a_station_is_entered_in_its_own_table_alone(city):
    row = {"kind": "测站", "code": "61000001", "name": "甲", "place": "和溪镇"}
    assert wrong("sites", row) == [(0, "kind")]
    enter("stations", {k: v for k, v in row.items() if k != "kind"})
    assert Site.objects.get(code="61000001").kind == "station"


def test_a_rule_that_holds_is_followed_never_rewritten(city, gauge):
    mark = {"station": gauge.code, "mark": "警戒", "value_m": "11.6", "source": "t"}
    enter("marks", mark)
    assert wrong("marks", {**mark, "value_m": "12.1"}) == [(0, "value_m")]
    found, _ = enter("marks", {**mark, "value_m": "12.1", "valid_from": "2016-10-01"})
    assert (found.made, len(found.implied)) == (1, 1)


def test_a_place_that_moves_takes_all_it_holds_along(city):
    town = Place.objects.get(name="和溪镇", kind="town")
    other = Place.objects.get(name="平和县", kind="county")
    below = Place.objects.filter(parent=town).count()
    row = next(r for r in rows_of(door("places"), seat=SYSTEM) if r["code"] == town.code)
    enter("places", {**row, "parent": other.code})
    inside = Place.objects.filter(path__startswith=other.path, parent__code=town.code)
    assert inside.count() == below > 0


def test_thousands_of_people_are_entered_in_one_go(city):
    rows = [{"code": f"X{n}", "name": f"人{n}", "phone": f"1990{n:07d}"} for n in range(3_000)]
    found, _ = enter("people", *rows)
    assert found.made == Person.objects.filter(code__startswith="X").count() == 3_000


def test_the_shipped_example_is_what_its_maker_says():
    folder = Path(__file__).parents[2] / "docs" / "first-day"
    spec = importlib.util.spec_from_file_location("make_first_day", folder / "make.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    for n, kind in enumerate(made.TABLES, 1):
        given = read_given(door(kind), folder / f"{n:02d}-{kind}.xlsx")
        told = [{k: v for k, v in row.items() if v} for row in given.rows]
        assert told == made.rows_of(kind)


def test_terms_of_a_wave_are_proven_before_and_after(city):
    posts = Post.objects.filter(name__endswith="责任人").select_related("organisation")[:300]
    people = [{"code": f"W{n}", "name": f"新{n}", "phone": f"1991{n:07d}"} for n in range(300)]
    enter("people", *people)
    rows = [
        {
            "organisation": p.organisation.name,
            "post": p.name,
            "person": f"W{n}",
            "starts_at": "2016-10-01",
        }
        for n, p in enumerate(posts)
    ]
    found, _ = enter("terms", *({**row, "starts_at": "2016-10-01"} for row in rows))
    assert (found.made, len(found.implied)) == (300, 300)
    until = START.replace(month=12)
    assert prove(since=START, until=until, planned=True).gaps == []
    assert Term.objects.filter(starts_at__gt=START).count() == 300


def test_who_answers_changes_on_the_day_and_not_before(city, hexi, now):
    from fangxian.spine.registry.read import owners

    row = {"kind": "区划", "key": hexi.code, "role": "属地A岗"}
    before = owners("place")[hexi.code]
    other = {"organisation": HQ, "post": "副指挥长"}
    enter("duties", {**row, **other, "valid_from": "2016-10-01"})
    assert owners("place")[hexi.code] == before
    with clock.use(FixedClock(START.replace(month=10, day=2))):
        assert (
            owners("place")[hexi.code]
            == Post.objects.get(name="副指挥长", organisation__name=HQ).pk
        )


def test_a_station_is_in_use_until_its_end_and_from_its_beginning_on(city, gauge):
    from fangxian.spine.observe.read import stations

    row = {"code": gauge.code}
    enter("stations", {**row, "valid_to": "2016-10-01"})
    enter(
        "stations",
        {"code": "61000009", "name": "新", "place": "和溪镇", "valid_from": "2016-10-01"},
    )
    assert [s.code for s in stations(seat=SYSTEM)] == [gauge.code]
    with clock.use(FixedClock(START.replace(month=10, day=2))):
        assert [s.code for s in stations(seat=SYSTEM)] == ["61000009"]


def test_a_renamed_place_is_found_by_its_new_name_at_once(city):
    key = find_places("和溪镇", seat=SYSTEM)[0].key
    row = next(row for row in rows_of(door("places"), seat=SYSTEM) if row["code"] == key)
    enter("places", {**row, "name": "和新镇"})
    assert [t.key for t in find_places("和新镇", seat=SYSTEM)] == [key]


@pytest.mark.parametrize(
    "text", ["POLYGON((0 0, 1e999 0, 1 1, 0 0))", "LINESTRING(0 0, nan 0)", "POLYGON EMPTY", "x"]
)
def test_a_shape_without_an_end_or_without_a_point_is_refused(text):
    with pytest.raises(UnreadableError):
        read_wkt(text)
