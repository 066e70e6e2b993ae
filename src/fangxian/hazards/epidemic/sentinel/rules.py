"""Rules of the sentinels as dated data: diseases with their clocks, syndromes, detectors by
posture, steps of an inquiry; and what a single case means. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from fangxian.spine.assess.rules import Finding
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level

from .models import Case

DATA = Path(__file__).parent / "data"
FORMS = DATA / "forms"
HEADQUARTERS = "epidemic"
LOCAL_CASE, SYNDROME, CLUSTER = "local-case", "syndrome", "cluster"  # families of signals
BY_MESSAGE = "机构信息系统报文"  # evidence of a case that a message made
VERDICTS = {
    "data_error": ("数据错误", "error in the data"),
    "known": ("已知事件", "known already"),
    "not_abnormal": ("排除异常", "nothing unusual"),
    "suspected": ("疑似事件", "suspected event"),
}
SPOKEN = {  # the first word of a signal's rule
    "vote": ("算法投票", "vote of detectors"),
    "fixed": ("固定阈值", "fixed number"),
    "together": ("多处同时异常", "several sites at once"),
    "single-case": ("本土单例", "single local case"),
    "scan": ("时空扫描", "scan of places and days"),
}
STATUS = {
    "suspected": ("疑似", "suspected"),
    "confirmed": ("确诊", "confirmed"),
    "excluded": ("排除", "excluded"),
}
ORIGIN = {
    "unknown": ("不明", "unknown"),
    "local": ("本土", "local"),
    "imported": ("境外输入", "imported"),
}
OUTCOMES = {
    "event": ("确认为事件", "an event"),
    "no_event": ("不是事件", "no event"),
    "watch": ("继续监视", "watched on"),
}

SUMMARY = {  # what an edition that does not say it has, by which older ones were read
    "span_days": 60, "curve_days": 21, "longest_delay_days": 14, "least_cases": 10, "least_days": 7,
    "least_share": 0.5,
}  # fmt: skip


def _check_diseases(content: Content) -> Iterable[Complaint]:
    for code, row in content.get("disease", {}).items():
        for name in ("zh", "en", "report_h"):
            if name not in row:
                yield f"disease.{code}", f"{name} = … is missing"
        if row.get("single_case", "I") not in Level.__members__:
            yield f"disease.{code}.single_case", "levels are I, II, III, IV"
    if not content.get("disease"):
        yield "disease", "[disease.…] blocks are missing"


def _check_syndromes(content: Content) -> Iterable[Complaint]:
    for code, row in content.get("syndrome", {}).items():
        for name in ("zh", "en", "form", "question"):
            if name not in row:
                yield f"syndrome.{code}", f"{name} = … is missing"


def _check_detectors(content: Content) -> Iterable[Complaint]:
    from fangxian.kernels.epi.registry import METHODS

    for name in SCAN:
        if name not in content.get("scan", {}):
            yield "scan", f"{name} = … is missing"
    for posture in ("peace", "emergency"):
        row = content.get(posture)
        if not row:
            yield posture, f"[{posture}] is missing"
            continue
        if not isinstance(row.get("recurrence_days", 0), int | float):
            yield posture, "recurrence_days is a number of days"
        for name in row.get("members", ()):
            if name not in METHODS:
                yield f"{posture}.members", f"no detector {name}"
        if row.get("votes", 0) > len(row.get("members", ())):
            yield f"{posture}.votes", "more votes than members"


SCAN = (
    "at_h",
    "radius_km",
    "share",
    "window_days",
    "replicates",
    "recurrence_days",
    "level",
)


def _check_inquiry(content: Content) -> Iterable[Complaint]:
    for name in ("check_h", "assess_h", "close_h"):
        if set(content.get(name, {})) != set(Level.__members__):
            yield name, "a number of hours for each of I, II, III, IV"
    if not isinstance(content.get("together_days"), int):
        yield "together_days", "a number of days is missing"
    for name, value in content.get("summary", {}).items():
        if name not in SUMMARY or not isinstance(value, int | float):
            yield f"summary.{name}", f"numbers of {', '.join(SUMMARY)}"
    if not content.get("risk"):
        yield "risk", "the matrix of risk is missing"


def _check_outbreaks(content: Content) -> Iterable[Complaint]:
    for name in ("population", "days", "unseen_days", "replicates", "seeds", "later"):
        if not content.get(name):
            yield name, f"{name} = … is missing"
    for code, row in content.get("interval", {}).items():
        if not (row.get("mean", 0) > 1 and row.get("sd", 0) > 0):
            yield f"interval.{code}", "a mean above 1 day and an sd above 0 are needed"
    for code, row in content.get("disease", {}).items():
        if set(row) != {"reproduction", "latent", "infectious"}:
            yield f"disease.{code}", "reproduction, latent and infectious are needed"


SETS = (
    RuleSet("diseases", "法定传染病", "Notifiable diseases", DATA / "diseases", _check_diseases),
    RuleSet("syndromes", "监测症候群", "Syndromes watched", DATA / "syndromes", _check_syndromes),
    RuleSet("detectors", "预警算法组", "Detectors", DATA / "detectors", _check_detectors),
    RuleSet("outbreaks", "疫情推演参数", "Outbreaks", DATA / "outbreaks", _check_outbreaks),
    RuleSet("inquiry", "信号核实时限", "Steps of an inquiry", DATA / "inquiry", _check_inquiry),
)


@dataclass(frozen=True, slots=True)
class Disease:
    """A notifiable disease as an edition has it: hours until a case must be reported, and the level
    that one local case raises by itself."""

    code: str
    zh: str
    en: str
    report: timedelta
    single_case: Level | None


def diseases(at: datetime) -> dict[str, Disease]:
    """The notifiable diseases on a day, by code."""
    return {
        code: Disease(
            code,
            row["zh"],
            row["en"],
            timedelta(hours=row["report_h"]),
            Level[row["single_case"]] if "single_case" in row else None,
        )
        for code, row in edition("diseases", at).content["disease"].items()
    }


@dataclass(frozen=True, slots=True)
class Syndrome:
    """What sentinels count: the question of a form, and the question it is a share of."""

    code: str
    zh: str
    en: str
    form: str
    question: str
    of: str


def syndromes(at: datetime) -> dict[str, Syndrome]:
    rows = edition("syndromes", at).content["syndrome"]
    return {
        code: Syndrome(code, r["zh"], r["en"], r["form"], r["question"], r.get("of", ""))
        for code, r in rows.items()
    }


@dataclass(frozen=True, slots=True)
class Spot:
    """A site that counts: its kind, code and name, and the places it lies in, nearest first, each
    as (key, name, pk)."""

    kind: str
    code: str
    name: str
    place_id: int
    above: tuple[tuple[str, str, int], ...]


def close_of(day: date) -> datetime:
    """When a day is over."""
    return datetime.combine(day + timedelta(days=1), time(), BEIJING)


@dataclass(frozen=True, slots=True)
class Profile:
    """How series are judged in a posture, by which edition."""

    edition: str
    posture: str
    members: tuple[str, ...]
    votes: int
    least: float
    recurrence_days: float
    levels: Mapping[int, Level]
    history_days: int
    least_share: float
    together: int
    anew_days: int
    fixed: tuple[Mapping[str, Any], ...]

    def level(self, votes: float) -> Level | None:
        """The level of so many votes."""
        found = [level for least, level in self.levels.items() if votes >= least]
        return min(found, default=None)


def profile(at: datetime, *, emergency: bool) -> Profile:
    found = edition("detectors", at)
    content, posture = found.content, "emergency" if emergency else "peace"
    row = content[posture]
    return Profile(
        found.name,
        posture,
        tuple(row["members"]),
        row["votes"],
        row["least"],
        row.get("recurrence_days", 0),  # an older edition raises what its vote raises
        {int(votes): Level[name] for votes, name in row["levels"].items()},
        content["history_days"],
        content["least_share"],
        content["together"],
        content["anew_days"],
        tuple(content.get("fixed", ())),
    )


def fixed_level(rule: Mapping[str, Any], n: float) -> Level | None:
    """The level of a fixed rule for so many cases in its days."""
    found = [Level[name] for least, name in rule["levels"].items() if n >= int(least)]
    return min(found, default=None)


def summary_of(at: datetime) -> dict[str, Any]:
    """How an outbreak is summed up: days back, the curve, and what an estimate needs."""
    return {**SUMMARY, **edition("inquiry", at).content.get("summary", {})}


def scan_hour(at: datetime) -> int:
    """From which hour of the day after on a day is scanned."""
    hour: int = edition("detectors", at).content["scan"]["at_h"]
    return hour


def stands(at: datetime) -> timedelta:
    """How long a single case stands on the desk unless it is closed before."""
    return timedelta(days=edition("detectors", at).content["stands_days"])


def judged_within(at: datetime) -> timedelta:
    """How long counts may lie unjudged before that is a gap."""
    return timedelta(hours=edition("detectors", at).content["judged_within_h"])


def case_finding(case: Case, *, at: datetime) -> Finding | None:
    """What a case means by the rule on single cases; None where its disease has no such rule. A
    suspected one is shown and is to be confirmed; one whose origin is not known counts as local."""
    disease = diseases(case.reported_at).get(case.disease)
    if disease is None or disease.single_case is None:
        return None
    open_ = case.status != Case.Status.EXCLUDED and case.origin != Case.Origin.IMPORTED
    level = disease.single_case if open_ and at - case.reported_at < stands(at) else None
    return Finding(
        family=LOCAL_CASE,
        hazard=HEADQUARTERS,
        about=("case", case.number),
        name=case.number,
        place_id=case.place_id,
        at=at,
        level=level,
        kept=level,
        value=1.0 if level else 0.0,
        rule=f"single-case {edition('diseases', case.reported_at).name}",
        group=case.place.name,
        evidence={
            "zh": f"{disease.zh} {STATUS[case.status][0]} {ORIGIN[case.origin][0]}",
            "en": f"{disease.en}, {STATUS[case.status][1]}, {ORIGIN[case.origin][1]}",
            "disease": case.disease,
            "status": case.status,
            "origin": case.origin,
            "reported_at": case.reported_at.isoformat(),
        },
        sure=level is None or case.status == Case.Status.CONFIRMED,
    )


def together(at: datetime) -> timedelta:
    """Cases of one disease in one county so near each other are looked into together."""
    return timedelta(days=edition("inquiry", at).content["together_days"])


def risk_words(code: str, at: datetime) -> tuple[str, str]:
    """What a risk is called (zh, en)."""
    row = edition("inquiry", at).content["risk"].get(code)
    return (row["zh"], row["en"]) if row else (code, code)


def step_due(step: str, level: Level, since: datetime) -> datetime:
    """When a step of an inquiry is due: ``check``, ``assess`` or ``close``."""
    hours: int = edition("inquiry", since).content[f"{step}_h"][level.name]
    return since + timedelta(hours=hours)


def risk_of(likelihood: int, consequence: int, at: datetime) -> tuple[str, bool]:
    """The risk of a likelihood and a consequence (1-5 each), and whether it asks for a response."""
    rows = edition("inquiry", at).content["risk"]
    ordered = sorted(rows.items(), key=lambda item: -item[1]["least"])
    for code, row in ordered:
        if likelihood * consequence >= row["least"]:
            return code, bool(row["response"])
    return ordered[-1][0], False
