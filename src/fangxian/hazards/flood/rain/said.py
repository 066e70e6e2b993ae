"""What a report says of rain: the window, counties by class, the gauge with the most, the last one
and three hours, and how many gauges were heard."""

from collections.abc import Iterable, Sequence

from django.db.models import Q

from fangxian.spine.command.sitreps.rules import clocks
from fangxian.spine.command.sitreps.says import Ask, Bars, Fact, Said, Sentence, number
from fangxian.spine.observe.elements import RAIN_FORMS
from fangxian.spine.observe.gauges import Sum
from fangxian.spine.observe.models import Station
from fangxian.spine.observe.read import rain_sums, stations
from fangxian.spine.registry.models import Place

SHORT = (1, 3)  # hours
DAY_S = 86_400


def rain_said(ask: Ask) -> Iterable[Said]:
    rows = _gauges(ask)
    if not rows:
        yield Said("rain", owes=("雨量站（一个也没有登记）",))
        return
    window_s = int((ask.until - ask.since).total_seconds())
    sums = rain_sums(at=ask.until, window_s=window_s, stations=rows)
    known = {one.pk: one for one in rows}
    heard = {key: found for key, found in sums.items() if key in known}
    if not heard:
        yield Said("rain", owes=tuple(one.name for one in rows[:7]))
        return
    whole = len(heard) == len(rows) and all(total.whole for total in heard.values())
    bounds = [(row["mm"], row["zh"]) for row in clocks(ask.until)["rain_class"]]
    classes = _classes(heard, known, bounds) if window_s == DAY_S else []
    sentences = [
        *classes,
        *_counts(heard, known, bounds, whole=whole),
        *_most(heard, known),
        *_short(ask, rows, known),
    ]
    sentences.append(_heard(heard, rows))
    county = _by_county(heard, known)
    bars = Bars(
        "各县（市、区）最大点雨量", "mm", tuple(sorted(county.items(), key=lambda r: -r[1]))
    )
    yield Said("rain", tuple(sentences), (bars,), tuple(_shades(heard, known)))


def _gauges(ask: Ask) -> list[Station]:
    """Stations that measure rain, and those that have not said yet what they measure."""
    here = stations(seat=ask.seat).filter(place__path__startswith=ask.path)
    unsaid = Q(series=None, river="")
    rows = here.filter(Q(series__element__in=RAIN_FORMS) | unsaid).distinct().order_by("pk")
    return list(rows.select_related("place__parent__parent"))


def _county(one: Station) -> Place:
    return one.place.ancestor(Place.Kind.COUNTY) or one.place


def _by_county(heard: dict[int, Sum], known: dict[int, Station]) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, total in heard.items():
        name = _county(known[key]).name
        found[name] = max(found.get(name, 0.0), total.mm)
    return found


def _shades(heard: dict[int, Sum], known: dict[int, Station]) -> Iterable[tuple[str, float]]:
    found: dict[str, float] = {}
    for key, total in heard.items():
        code = _county(known[key]).code
        found[code] = max(found.get(code, 0.0), total.mm)
    return found.items()


Bounds = Sequence[tuple[int, str]]


def _classes(heard: dict[int, Sum], known: dict[int, Station], bounds: Bounds) -> list[Sentence]:
    """Counties by the class of their wettest gauge, each named once. Classes are of 24 hours."""
    best = _by_county(heard, known)
    told = []
    for k, (least, name) in enumerate(bounds):
        above = bounds[k - 1][0] if k else float("inf")
        if counties := [c for c, mm in best.items() if least <= mm < above]:
            told.append(f"{'、'.join(counties)}出现{name}")
    return [Sentence("rain-classes", (f"{'，'.join(told)}。",))] if told else []


def _counts(
    heard: dict[int, Sum], known: dict[int, Station], bounds: Bounds, *, whole: bool
) -> list[Sentence]:
    """How many gauges stand over each bound, all of them."""
    parts: list[str | Fact] = []
    for least, _ in reversed(bounds):
        gauges = [known[key] for key, total in heard.items() if total.mm >= least]
        if gauges:
            links = tuple(f"/stations/{one.code}" for one in gauges[:12])
            parts += ["，其中" if parts else "雨量"]
            parts += [f"达{least:g}毫米以上的有"]
            parts += [Fact(f"rain-{least:g}", str(len(gauges)), len(gauges), links), "站"]
    if parts:
        return [Sentence("rain-counts", (*parts, "。"))]
    words = (
        f"各站雨量均不足{bounds[-1][0]}毫米。"
        if whole
        else f"已收到的各站雨量均不足{bounds[-1][0]}毫米。"
    )
    return [Sentence("rain-none", (words,))]


def _point(code: str, one: Station, total: Sum) -> tuple[str | Fact, ...]:
    part = f"（仅有{total.part}分钟）" if total.part else ""
    mm = Fact(code, number(total.mm), total.mm, (f"/stations/{one.code}",))
    gap = "站" if one.name[-1:].isdigit() else ""
    return (f"{_county(one).name}{one.name}{gap}", mm, f"毫米{part}")


def _most(heard: dict[int, Sum], known: dict[int, Station]) -> list[Sentence]:
    key = max(heard, key=lambda k: (heard[k].mm, -k))
    return [Sentence("rain-most", ("最大点为", *_point("rain-most", known[key], heard[key]), "。"))]


def _short(ask: Ask, rows: list[Station], known: dict[int, Station]) -> list[Sentence]:
    sentences = []
    for hours in SHORT:
        sums = rain_sums(at=ask.until, window_s=3600 * hours, stations=rows)
        if not sums:
            continue
        key = max(sums, key=lambda k: (sums[k].mm, -k))
        point = _point(f"rain-{hours}h", known[key], sums[key])
        sentences.append(Sentence(f"rain-{hours}h", (f"近{hours}小时最大为", *point, "。")))
    return sentences


def _heard(heard: dict[int, Sum], rows: list[Station]) -> Sentence:
    whole = sum(total.whole for total in heard.values())
    link = ("/gaps?rule=station-silent",)
    parts: tuple[str | Fact, ...] = (
        "以上据",
        Fact("rain-heard", str(len(heard)), len(heard), link),
        "站（共",
        Fact("rain-of", str(len(rows)), len(rows), link),
        "站）统计",
    )
    if whole < len(heard):
        n = len(heard) - whole
        parts = (*parts, "，其中", Fact("rain-part", str(n), n, link), "站时段不全，为下限")
    return Sentence("rain-heard", (*parts, "。"))
