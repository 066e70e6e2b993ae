"""All series of a day by rarity, one series with its days to come, what a threshold finds, and how
an outbreak spreads."""

import re
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from lines import CASE, hospital
from story import seat_of

from fangxian.hazards.epidemic.sentinel import outbreak as outbreaks
from fangxian.hazards.epidemic.sentinel import read, rules, trend
from fangxian.hazards.epidemic.sentinel.burden import burden
from fangxian.hazards.epidemic.sentinel.models import Count, Inquiry
from fangxian.hazards.epidemic.sentinel.outbreak import summary
from fangxian.hazards.epidemic.sentinel.pictures import Shown, Town, band, bars, town_map
from fangxian.hazards.epidemic.sentinel.rules import close_of, profile
from fangxian.hazards.epidemic.sentinel.write import counts
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.core.door import door, take
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.models import Site

DAY = date(2016, 9, 13)
TOWNS = ("南靖县和溪镇", "南靖县金山镇", "平和县大溪镇", "平和县小溪镇")


@pytest.fixture
def sites(city, guan):
    """Twelve hospitals in four towns of two counties, counted for a hundred days."""
    rows = [{**hospital(f"H{k}", f"{k}号医院", ""), "place": TOWNS[k % 4]} for k in range(12)]
    take(door("sites"), rows, by=SYSTEM, source="t")
    found = list(Site.objects.order_by("pk"))
    rng = np.random.default_rng(8)
    rows = [
        (site, code, DAY - timedelta(days=back), float(rng.poisson(mean)), None)
        for site in found
        for code, mean in (("ili", 8), ("rash", 0.8))
        for back in range(1, 100)
    ]
    counts.put_counts(rows, report=None, by=SYSTEM)
    return found


def on_the_day(sites, **more):
    """Eight each on the day but for those named."""
    rows = [(s, "ili", DAY, float(more.get(s.code, 8)), None) for s in sites]
    counts.put_counts(rows, report=None, by=SYSTEM)


def test_the_rarest_comes_first_and_a_little_more_calls_nobody(sites):
    on_the_day(sites, H0=16, H1=30)
    found = trend.judged(DAY, seat=SYSTEM)
    assert found.nodes[0].key == "ili:hospital:H1"
    little = next(node for node in found.nodes if node.key == "ili:hospital:H0")
    assert little.voted
    assert little.rare.days < found.recurrence_days
    counts.tick()
    assert [s.about_key for s in Signal.objects.filter(cleared_at=None)] == ["ili:hospital:H1"]


def test_a_new_hospital_is_heard_from_its_tenth_day(sites):
    Count.objects.filter(site=sites[3], day__lt=DAY - timedelta(days=9)).delete()
    on_the_day(sites, H3=200)
    counts.tick()
    assert [s.about_key for s in Signal.objects.filter(cleared_at=None)] == ["ili:hospital:H3"]


def test_an_edition_without_rarity_raises_what_its_vote_raises(sites):
    on_the_day(sites, H0=16)
    use = profile(close_of(DAY), emergency=False)
    assert [n.key for n in counts.series_of(DAY, use) if n.level] == []
    former = counts.series_of(DAY, replace(use, recurrence_days=0))
    assert "ili:hospital:H0" in [n.key for n in former if n.level]


def test_what_is_above_the_seat_is_not_shown(sites):
    on_the_day(sites)
    chen = seat_of("chen")  # of one town
    mine = {node.key for node in trend.judged(DAY, seat=chen).nodes}
    whole = trend.judged(DAY, seat=SYSTEM).nodes
    below = {site.code for site in sites if site.place.path.startswith(chen.place_path)}
    assert 0 < len(below) < len(sites)
    assert {key for key in mine if ":hospital:" in key} == {
        n.key for n in whole if n.key.split(":")[-1] in below
    }
    with pytest.raises(Problem):
        trend.one(next(n.key for n in whole if n.key not in mine), DAY, seat=chen)
    towns = read.town_sums("ili", DAY, days=7, seat=chen)
    assert len(towns) < len(read.town_sums("ili", DAY, days=7, seat=SYSTEM))


def test_a_series_says_since_when_and_what_comes(sites):
    on_the_day(sites, H1=30)
    rows = [(sites[1], "ili", DAY - timedelta(days=back), 25.0, None) for back in (1, 2)]
    counts.put_counts(rows, report=None, by=SYSTEM)
    node, _ = trend.one("ili:hospital:H1", DAY, seat=SYSTEM)
    assert trend.since(node, DAY) == DAY - timedelta(days=2)
    ahead = trend.ahead(node.counts, DAY)
    assert [one.day for one in ahead] == [DAY + timedelta(days=k) for k in range(1, 8)]
    assert all(one.low <= one.middle <= one.high for one in ahead)
    with pytest.raises(Problem) as raised:
        trend.one("ili:hospital:none", DAY, seat=SYSTEM)
    assert raised.value.code == "not_found"


def test_no_forecast_of_what_was_not_reported():
    past = np.full(56, 8.0)
    assert trend.ahead(past, DAY)
    assert trend.ahead(past[:20], DAY) == []
    silent = past.copy()
    silent[-1] = np.nan
    assert trend.ahead(silent, DAY) == []
    closed = past.copy()
    closed[::7] = np.nan  # never open on one weekday
    assert len(trend.ahead(closed, DAY)) == 7
    silent = past.copy()
    silent[::3] = np.nan
    silent[-1] = 8
    assert trend.ahead(silent, DAY) == []


def test_the_forecast_holds_its_range():
    """Nine in ten of the days to come lie in the range, whatever the weekday and the season."""
    rng = np.random.default_rng(77)
    days = np.arange(300)
    mean = 40 * np.array([1.2, 1.05, 1.05, 1.05, 1.05, 0.85, 0.75])[days % 7]
    mean = mean * np.exp(0.4 * np.sin(2 * np.pi * days / 365))
    held = n = 0
    for _ in range(12):
        series = rng.negative_binomial(mean, 0.5).astype(float)
        for at in range(56, 290, 9):
            for k, one in enumerate(trend.ahead(series[at - 56 : at], DAY)):
                held += one.low <= series[at + k] <= one.high
                n += 1
    assert 0.85 <= held / n <= 0.97


def test_the_curve_of_thresholds(sites):
    on_the_day(sites, H1=40)
    points = burden(DAY, days=14, emergency=False, seat=SYSTEM)
    (now,) = [point for point in points if point.now]
    assert (now.recurrence, now.red >= 1, now.days) == (100, True, 14)
    red, found = [p.red for p in points], [p.found[1][0] for p in points]
    assert red == sorted(red, reverse=True)  # rarer, fewer
    assert found == sorted(found, reverse=True)
    assert now.found[1][0] >= 60  # of a site that trebles
    assert now.found[1][0] > now.found[0][0]
    assert burden(DAY, days=14, emergency=False, seat=SYSTEM) == points
    assert burden(date(2010, 1, 1), days=14, emergency=False, seat=SYSTEM) == []


def test_bars_and_bands_stay_in_their_picture():
    shown = [Shown("1", 4), Shown("2", None), Shown("3", 2, (2, 5, 10)), Shown("4", 0, last=True)]
    first, third, last = bars(shown)
    assert (first.height, first.top, third.high, third.likely) == (48, 72, 0, 60)
    assert (last.height, last.last, third.open) == (0, True, True)
    assert bars([]) == []
    drawn = band([("1", None), ("2", (0.5, 1.0, 4.0))])
    assert (drawn.one, drawn.most, drawn.told) == (90.0, 4.0, (("2", (0.5, 1.0, 4.0)),))
    assert band([("1", None)]) is None
    towns = town_map([Town(24.5, 117.4, "甲", 9, True), Town(24.6, 117.3, "乙", 90, False)])
    assert [dot.on for dot in towns.dots] == [False, True]  # those meant lie on top
    assert all(0 < dot.x < towns.wide and 0 < dot.y < towns.high for dot in towns.dots)
    assert len(towns.outlines) >= 11


def outbreak(now, *, each, days):
    """So many cases a day, each reported the day after."""
    for back in range(days, 0, -1):
        onset = date(2016, 9, 14) - timedelta(days=back + 1)
        n = each(days - back)
        row = {**CASE, "id_number": "", "phone": "", "onset": str(onset)}
        row |= {"diagnosed_at": f"{onset + timedelta(days=1)} 08:00", "disease": "霍乱"}
        rows = [{**row, "name": f"王{back}甲{k}"} for k in range(n)]
        now.at = now.at.replace(day=14) - timedelta(days=back)
        take(door("cases"), rows, by=SYSTEM, source="t")
    Worker().settle()
    return summary(Inquiry.objects.first(), seat=SYSTEM)


def test_r_of_what_doubles_is_above_one_and_stops_where_days_are_not_in(city, now):
    now.at = now.at.replace(day=14)
    told = outbreak(now, each=lambda day: 2 + day, days=12)
    known = [r for r in told.r if r]
    assert known
    assert all(low < middle < high for low, middle, high in known)
    assert known[-1][1] > 1
    assert told.has_interval
    assert told.r[-1] is None  # the newest days are not all reported


@pytest.mark.parametrize("interval", [{"mean": 11.7, "sd": 2.0}, {"mean": 5.0, "sd": 3.5}])
def test_r_of_what_neither_grows_nor_falls_is_one(interval):
    """From the first day of the curve on: who infected before it counts."""
    use = rules.SUMMARY
    curve = [outbreaks.Day(DAY + timedelta(days=k), 10) for k in range(21)]
    told = list(outbreaks._reproduction([10.0] * 39, curve, interval, use))
    assert len(told) == 21
    assert all(0.8 < r[0] < 1.0 < r[2] < 1.25 for r in told)


def test_r_of_days_of_which_nobody_knows_how_many_are_in_is_not_told(city, now):
    now.at = now.at.replace(day=14)
    told = outbreak(now, each=lambda day: 5, days=5)
    assert told.too_new
    assert set(told.r) == {None}


def test_a_few_cases_give_no_r(city, now):
    now.at = now.at.replace(day=14)
    assert set(outbreak(now, each=lambda day: 1, days=4).r) == {None}


def test_the_pages(sites, client, django_user_model):
    on_the_day(sites, H1=40)
    Worker().settle()
    client.force_login(django_user_model.objects.get(username="lin"))
    assert "/epidemic/series/rows" in client.get("/epidemic/series?day=2016-09-13").content.decode()
    for odd in ("x", "0001-01-01", "2016-W37"):
        assert client.get(f"/epidemic/series/rows?day={odd}").status_code in (200, 422)
    assert client.get("/epidemic/series?day=x").status_code == 422
    assert client.get("/epidemic/series?day=0001-01-01").status_code == 422
    rows = client.get("/epidemic/series/rows?day=2016-09-13").content.decode()
    assert re.search(r">\s*1号医院\s*<", rows)
    assert "百年不遇" in rows
    assert "另有 19 条当天没有报" in rows  # nobody reported a rash on the day
    one = client.get("/epidemic/series/one?key=ili:hospital:H1&day=2016-09-13").content.decode()
    assert "09-20" in one  # seven days on
    whole = next(
        n for n in trend.judged(DAY, seat=SYSTEM).nodes if len(n.parts) == 2
    )  # two counties
    assert "分项" in client.get(f"/epidemic/series/one?key={whole.key}&day={DAY}").content.decode()
    assert client.get("/epidemic/series/one?key=no").status_code == 404
    assert "什么也没有判" in client.get("/epidemic/series/rows?day=2015-01-01").content.decode()
    told = client.get("/epidemic/quality/thresholds").content.decode()
    assert re.search(r"100\s*<b>现行</b>", told)
    signal = Signal.objects.get(cleared_at=None)
    page = client.get(f"/epidemic/signals/{signal.pk}").content.decode()
    assert "百年不遇" in page
    assert "/epidemic/series/one?key=ili%3Ahospital%3AH1" in page
