"""What the office learns from its own past: quality of signals, thresholds, the cost of waiting."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from lines import CASE
from story import seat_of

from fangxian.hazards.epidemic.sentinel import boards
from fangxian.hazards.epidemic.sentinel.models import Inquiry
from fangxian.hazards.epidemic.sentinel.write import counts, inquiries
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Signal
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.door import door, take
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.models import Place, Site

AT = datetime(2021, 9, 10, 20, tzinfo=BEIJING)


def test_quality_counts_what_was_answered_and_what_it_was(city, now):
    now.at, xu = AT, seat_of("xu")
    row = {**CASE, "disease": "新型冠状病毒感染", "status": "确诊", "id_number": "", "phone": ""}
    row |= {"diagnosed_at": "2021-09-10 19:30"}
    towns = ("南靖县和溪镇", "平和县大溪镇", "云霄县火田镇")  # of one county they would be one
    rows = [{**row, "name": f"甲{n}", "place": town} for n, town in enumerate(towns)]
    rows[1] |= {"status": "疑似"}  # what is confirmed is an event
    take(door("cases"), rows, by=SYSTEM, source="t")
    Worker().settle()
    first, second, _ = Inquiry.objects.order_by("pk")
    now.at += timedelta(hours=1)
    inquiries.check(inquiry=first, verdict="suspected", note="", by=xu)
    inquiries.assess(inquiry=first, likelihood=3, consequence=3, note="", by=xu)
    inquiries.close(inquiry=first, outcome="event", note="t", by=xu)
    now.at += timedelta(hours=5)
    inquiries.check(inquiry=second, verdict="data_error", note="", by=xu)
    inquiries.close(inquiry=second, outcome="no_event", note="t", by=xu)
    (told,) = boards.quality(seat=SYSTEM, since=AT - timedelta(days=1), until=now.at)
    assert told.rule == "single-case"
    assert (told.signals, told.checked, told.in_2h, told.in_24h) == (3, 2, 1, 2)
    assert (told.suspected, told.events, told.red, told.red_false) == (1, 1, 2, 1)
    assert boards.quality(seat=SYSTEM, since=now.at, until=now.at) == []


def test_another_threshold_is_told_on_the_same_data_that_raised(city, guan):
    """The setting in force says as many series-days as its own judging of each day finds."""
    row = {"kind": "医院", "code": "H0", "name": "医院", "place": "南靖县和溪镇", "source": "t"}
    take(door("sites"), [row], by=SYSTEM, source="t")
    site, last = Site.objects.get(kind="hospital"), date(2016, 9, 13)
    rng = np.random.default_rng(4)
    values = {last - timedelta(days=k): float(rng.poisson(6)) for k in range(100)}
    values |= {last - timedelta(days=k): 40.0 for k in (1, 13)}
    counts.put_counts(
        [(site, "ili", d, n, None) for d, n in values.items()], report=None, by=SYSTEM
    )
    told = boards.settings(last, days=14, emergency=False, seat=SYSTEM)
    (mine,) = [one for one in told if one.now]
    days = [last - timedelta(days=k) for k in range(14)]
    assert mine.days == sum(bool(counts.found_on(day)) for day in days) >= 1
    by_least = [one.per_week for one in told if one.votes == mine.votes]
    assert by_least == sorted(by_least, reverse=True)
    assert not Signal.objects.exists()  # nothing is written
    for county, sees in (("南靖县", True), ("东山县", False)):
        path = Place.objects.get(name=county).path
        seat = replace(seat_of("chen"), place_path=path, level="county")
        found = boards.settings(last, days=14, emergency=False, seat=seat)
        assert bool(found) == sees


def test_waiting_costs_more_each_day_and_is_the_same_every_time(db):
    told, days, _ = boards.waiting("covid19", AT)
    assert [one.later for one in told] == [0, 1, 2, 3]
    middles = [one.middle for one in told]
    assert middles == sorted(middles)
    assert middles[-1] > middles[0]
    assert all(one.low <= one.middle <= one.high for one in told)
    assert boards.waiting("covid19", AT)[0] == told
    assert days == 28
    assert boards.waiting("influenza", AT)[0] == []
    assert boards.waiting("cholera", AT.replace(year=2013))[0]  # of no day: a page of any year


@pytest.mark.parametrize(("lang", "word"), [("zh-hans", "晚一天的代价"), ("en", "one more day")])
def test_the_pages_say_it(city, now, client, django_user_model, lang, word):
    now.at = AT
    row = {**CASE, "disease": "新型冠状病毒感染", "status": "确诊"}
    take(door("cases"), [{**row, "diagnosed_at": "2021-09-10 19:30"}], by=SYSTEM, source="t")
    Worker().settle()
    now.at += timedelta(minutes=1)
    client.force_login(django_user_model.objects.get(username="xu"))
    client.cookies["django_language"] = lang
    page = client.get(f"/epidemic/signals/{Signal.objects.get().pk}").content.decode()
    assert word in page
    board = client.get("/epidemic/quality").content.decode()
    assert '<td class="n">1.0</td>' in board  # one in the first week
    now.at += timedelta(weeks=12)
    board = client.get("/epidemic/quality").content.decode()
    assert '<td class="n">0.1</td>' in board  # one in 13 weeks is not none
    assert ("本土单例" if lang == "zh-hans" else "single local case") in board
    assert client.get("/epidemic/quality/thresholds").status_code == 200
