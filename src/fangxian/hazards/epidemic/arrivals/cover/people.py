"""Cover of each person under measures: held at every minute, heard of every day, where he should
be, planned, released."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.rules import clocks, on_day
from fangxian.hazards.epidemic.arrivals.write.health import reported_on
from fangxian.hazards.epidemic.arrivals.write.planning import is_free
from fangxian.spine.core import clock
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.registry.read import holders

from .owners import Owners, in_state


def unheld(at: datetime) -> Iterator[Judged]:
    """Somebody who is here and whom nobody holds, or whose holder's post is empty."""
    rows = in_state(*m.HERE, m.S.LOST, m.S.CASE)
    answering = Owners(one.pk for one in rows)
    seated = holders({h.post_id for h in answering.held.values()}, at)

    def judge(one: m.Arrival) -> Uncovered | None:
        holding = answering.held.get(one.pk)
        if holding is not None and holding.post_id in seated:
            return None
        told = {
            "who": str(one),
            "why_zh": f"岗位“{holding.post}”空缺" if holding else "无人接手",
            "why_en": f"the post {holding.post} is empty" if holding else "nobody took him over",
        }
        owner = answering.of_place(one.place)
        return Uncovered("arrival", str(one.pk), one.state_at, owner, one.place_id, told)

    return judged("arrival-unheld", "arrival", rows, judge)


def silent(at: datetime) -> Iterator[Judged]:
    """Nobody has heard from somebody today by the hour, or yesterday at all."""
    by = on_day(at, clocks(at).health_by)
    day = on_day(at, time(0)) if at >= by else on_day(at, time(0)) - timedelta(days=1)
    due = by if at >= by else by - timedelta(days=1)
    # who came after the hour of that day owes nothing for it
    rows = [one for one in in_state(*m.HERE) if one.state_at < due and one.stage]
    heard = reported_on([one.pk for one in rows], day, max(at, due) + timedelta(seconds=1))
    answering = Owners(one.pk for one in rows)

    def judge(one: m.Arrival) -> Uncovered | None:
        if one.pk in heard:
            return None
        told = {"who": str(one), "day": f"{clock.beijing(day):%m-%d}"}
        return Uncovered("arrival", f"{one.pk}:health", due, answering.of(one), one.place_id, told)

    return judged("arrival-silent", "arrival", rows, judge, key=lambda one: f"{one.pk}:health")


def unplanned(at: datetime) -> Iterator[Judged]:
    """Somebody who is here and for whom no rule gives a plan, or none for today before his
    release: data are missing, or there is none."""
    today = clock.beijing(at).date()
    rows = [
        one
        for one in in_state(*m.HERE)
        if not is_free(one.plan) and not one.stage and (one.release_on or date.max) > today
    ]
    answering = Owners(one.pk for one in rows)

    def judge(one: m.Arrival) -> Uncovered:
        none = [{"zh": "今天没有生效的措施", "en": "no rule gives measures for today"}]
        said = (not one.plan.get("stages") and one.plan.get("said")) or none
        told = {"who": str(one), "why_zh": said[0]["zh"], "why_en": said[0]["en"]}
        since = one.arrived_at or one.state_at
        return Uncovered("arrival", f"{one.pk}:plan", since, answering.of(one), one.place_id, told)

    return judged("arrival-unplanned", "arrival", rows, judge, key=lambda one: f"{one.pk}:plan")


DOORS = ("port", "checkpoint")  # kinds of site by which people come in


def misplaced(at: datetime) -> Iterator[Judged]:
    """Somebody who is still at the door he came by, whose stage today is central isolation and who
    is at no site of his holder, or whose days there are over and who was not brought home."""
    rows = in_state(*m.HERE)
    answering = Owners(one.pk for one in rows)
    limit = clocks(at).handover

    def judge(one: m.Arrival) -> Uncovered | None:
        holding = answering.held.get(one.pk)
        if holding is None or at - max(holding.since, _stage_began(one, at)) < limit:
            return None
        if holding.site is not None and holding.site.kind in DOORS:
            told = {
                "who": str(one),
                "why_zh": f"还在{holding.site}，没有送走",
                "why_en": f"is still at {holding.site}",
            }
            since = holding.since + limit
            key = f"{one.pk}:stage"
            return Uncovered("arrival", key, since, holding.post_id, one.place_id, told)
        if not one.stage:
            return None
        inside = holding.site is not None and holding.site.kind in ("hotel", "shelter", "hospital")
        if inside == (one.stage == "central"):
            return None
        told = {
            "who": str(one),
            "why_zh": "应集中隔离，未在隔离点" if not inside else "集中隔离期满，还未回家",
            "why_en": "should be in central isolation" if not inside else "should be home by now",
        }
        since = max(holding.since, _stage_began(one, at)) + limit
        return Uncovered("arrival", f"{one.pk}:stage", since, holding.post_id, one.place_id, told)

    return judged("arrival-misplaced", "arrival", rows, judge, key=lambda one: f"{one.pk}:stage")


def _stage_began(one: m.Arrival, at: datetime) -> datetime:
    today = clock.beijing(at).date().isoformat()
    for row in one.plan.get("stages", ()):
        if row["from"] <= today <= row["to"]:
            return datetime.fromisoformat(f"{row['from']}T00:00:00+08:00")
    return one.state_at


def unreleased(at: datetime) -> Iterator[Judged]:
    """The day of release has passed and nobody has released him, or refused to."""
    limit = clocks(at).released
    day = clock.beijing(at - limit).date()
    rows = [one for one in in_state(*m.HERE) if one.release_on and one.release_on <= day]
    answering = Owners(one.pk for one in rows)

    def judge(one: m.Arrival) -> Uncovered:
        release = one.plan.get("release") or {}
        conditions = [c for c in release.get("conditions", ()) if c["state"] != "met"]
        told = {
            "who": str(one),
            "on": f"{one.release_on:%m-%d}",
            "why_zh": "；".join(c["zh"] for c in conditions) or "条件已满足",
            "why_en": "; ".join(c["en"] for c in conditions) or "every condition is met",
        }
        begun = datetime.combine(one.release_on or day, time(0), clock.BEIJING) + limit
        return Uncovered(
            "arrival", f"{one.pk}:release", begun, answering.of(one), one.place_id, told
        )

    return judged("arrival-unreleased", "arrival", rows, judge, key=lambda one: f"{one.pk}:release")


def not_come(at: datetime) -> Iterator[Judged]:
    """Declared, expected, and not met at any port or door."""
    limit = clocks(at).declared
    day = clock.beijing(at - limit).date()
    rows = [one for one in in_state(m.S.DECLARED) if one.expected_on and one.expected_on < day]
    answering = Owners(())

    def judge(one: m.Arrival) -> Uncovered:
        told = {"who": str(one), "on": f"{one.expected_on:%m-%d}", "carrier": one.carrier or "—"}
        since = datetime.combine(one.expected_on or day, time(0), clock.BEIJING) + limit
        owner = answering.of_place(one.place)
        return Uncovered("arrival", f"{one.pk}:come", since, owner, one.place_id, told)

    return judged("arrival-not-come", "arrival", rows, judge, key=lambda one: f"{one.pk}:come")


def lost(at: datetime) -> Iterator[Judged]:
    rows = in_state(m.S.LOST)
    answering = Owners(one.pk for one in rows)

    def judge(one: m.Arrival) -> Uncovered:
        told = {"who": str(one), "why": one.note or "—"}
        owner = answering.of(one)
        return Uncovered("arrival", f"{one.pk}:lost", one.state_at, owner, one.place_id, told)

    return judged("arrival-lost", "arrival", rows, judge, key=lambda one: f"{one.pk}:lost")


RULES = (
    CoverRule(
        "arrival-unheld",
        "管控对象无人负责",
        "Person under measures held by nobody",
        "{who}：{why_zh}",
        "{who}: {why_en}",
        unheld,
        every_s=60,
    ),
    CoverRule(
        "arrival-misplaced",
        "人不在该在的地方",
        "Not where he should be",
        "{who}：{why_zh}",
        "{who}: {why_en}",
        misplaced,
        every_s=300,
    ),
    CoverRule(
        "arrival-silent",
        "未报健康",
        "No health report",
        "{who} {day} 没有健康报告",
        "{who} has no health report of {day}",
        silent,
        every_s=300,
    ),
    CoverRule(
        "arrival-unplanned",
        "没有管控计划",
        "Nobody knows his measures",
        "{who}：{why_zh}",
        "{who}: {why_en}",
        unplanned,
        every_s=300,
    ),
    CoverRule(
        "arrival-unreleased",
        "到期未解除",
        "Due and not released",
        "{who} 应于 {on} 解除：{why_zh}",
        "{who} was due on {on}: {why_en}",
        unreleased,
        every_s=3600,
    ),
    CoverRule(
        "arrival-not-come",
        "申报未到",
        "Declared and not met",
        "{who} 申报 {on} 乘 {carrier} 抵达，未接到",
        "{who} declared {carrier} of {on} and was not met",
        not_come,
        every_s=3600,
    ),
    CoverRule(
        "arrival-lost",
        "失联",
        "Lost",
        "{who} 失联：{why}",
        "{who} is lost: {why}",
        lost,
        every_s=300,
    ),
)
