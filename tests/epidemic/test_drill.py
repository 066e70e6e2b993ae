"""Sixty institutions over thirty days: what is missing and what is late is told, each by name and
with an owner."""

from datetime import timedelta

import numpy as np
from lines import PLAN, hospital
from story import seat_of

from fangxian.hazards.epidemic.sentinel.rules import FORMS
from fangxian.spine.core.door import door, take
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.cover.engine import by_code, sweep
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.models import Form
from fangxian.spine.observe.reports.plan import owed, plans
from fangxian.spine.observe.reports.read import kept
from fangxian.spine.observe.reports.write import accept_report, load_shipped_forms, xml_of
from fangxian.wiring import COVER

SITES, DAYS = 60, 30
ANSWERS = dict.fromkeys(("visits", "ili", "sari", "diarrhoea", "rash", "conjunctivitis"), "0")


def test_sixty_institutions_over_thirty_days(city, now):
    load_shipped_forms(FORMS, by=SYSTEM)
    rows = [hospital(f"H{n:02d}", f"{n}号医院") for n in range(SITES)]
    take(door("sites"), rows, by=SYSTEM, source="t")
    take(door("report_plans"), [PLAN], by=SYSTEM, source="t")
    form = Form.objects.get(code="sentinel_daily")
    answers = {f"/data/{name}": value for name, value in ANSWERS.items()}
    rng, chen = np.random.default_rng(9), seat_of("chen")
    rule = by_code(COVER)["report-not-made"]
    missed = late = 0
    begin = now.at
    for day in range(DAYS):
        now.at = begin + timedelta(days=day, hours=2)  # 10:00, an hour after the deadline
        (one,) = plans(now.at)
        fate = rng.random(SITES)
        for n, owed_one in enumerate(owed(one, now.at)):
            if fate[n] < 0.005:
                missed += 1
                continue
            slow = fate[n] < 0.04
            late += slow
            raw = xml_of(form, answers, instance=f"{day}-{n}")
            at = owed_one.due_at + timedelta(minutes=30 if slow else -30)
            accept_report(raw=raw, by=chen, door="t", at=at, answers=owed_one)
        sweep(rule, by=SYSTEM)
        silent = {g.fields["post"] for g in Gap.objects.filter(rule=rule.code, until=None)}
        assert silent == {f"{n}号医院" for n in range(SITES) if fate[n] < 0.005}
        assert not Gap.objects.filter(rule=rule.code, until=None, owner=None).exists()
    found = kept(seat=SYSTEM, since=begin, until=now.at)
    due, made = sum(k.due for k in found), sum(k.made for k in found)
    assert (due, due - made) == (SITES * DAYS, missed)
    assert made - sum(k.in_time for k in found) == late
    assert missed > 3
    assert made / due >= 0.99
    assert sum(k.in_time for k in found) / due >= 0.95
