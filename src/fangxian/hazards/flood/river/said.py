"""What a report says of rivers: which stations stand over which mark, and by how much."""

from collections.abc import Iterable

from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.read import signals
from fangxian.spine.command.sitreps.says import Ask, Fact, Said, Sentence
from fangxian.spine.core.levels import Level
from fangxian.spine.observe.models import Station
from fangxian.spine.observe.read import last_usable, newest_usable, stations
from fangxian.spine.observe.rules import silence_limit
from fangxian.spine.observe.store import from_s

NAMED = 8


def rivers_said(ask: Ask) -> Iterable[Said]:
    found = signals(seat=ask.seat).filter(
        family="river", started_at__lt=ask.until, place__path__startswith=ask.path
    )
    rows = [s for s in found if s.cleared_at is None or s.cleared_at >= ask.until]
    worst: dict[str, Signal] = {}
    for one in sorted(rows, key=lambda s: (s.level, s.pk)):
        worst.setdefault(one.about_key, one)
    over = list(worst.values())
    if not over:
        yield _quiet(ask)
        return
    n = len(over)
    link = ("/watch",)
    red = sum(s.level <= Level.II for s in over)
    sentences = [
        Sentence(
            "river-over",
            (
                "有",
                Fact("river-over", str(n), n, link),
                "站超警戒或汛限，其中橙色以上",
                Fact("river-red", str(red), red, link),
                "站。",
            ),
        )
    ]
    sentences += [_station(s) for s in over[:NAMED]]
    if n > NAMED:
        rest = Fact("river-more", str(n - NAMED), n - NAMED, link)
        sentences.append(Sentence("river-more", ("另有", rest, "站，见水情表。")))
    yield Said("river", tuple(sentences))


def _quiet(ask: Ask) -> Said:
    """No station over its mark: said only of those that were heard."""
    here = stations(seat=ask.seat).filter(place__path__startswith=ask.path)
    rows = list(here.exclude(river="").distinct())
    newest = newest_usable()

    def speaks(one: Station) -> bool:
        last_s = last_usable(newest.get(one.pk, {}))
        limit = silence_limit(one, at=ask.until)
        return last_s is not None and ask.until - from_s(last_s) <= limit

    heard = [one for one in rows if speaks(one)]
    if not heard:
        return Said("river", owes=tuple(one.name for one in rows[:7]) or ("水情站（没有登记）",))
    n, of = len(heard), len(rows)
    parts = (
        "已收到的",
        Fact("river-heard", str(n), n, ("/stations",), live=True),
        "站（共",
        Fact("river-of", str(of), of, ("/stations",), live=True),
        "站）水位均在警戒以下，或没有登记警戒水位。",
    )
    return Said("river", (Sentence("river-none", parts),))


def _station(signal: Signal) -> Sentence:
    told = signal.evidence or {}
    value, mark = told.get("value"), told.get("threshold")
    name = signal.about_name.removesuffix("站")
    code = f"river-{signal.about_key}"
    link = (f"/stations/{signal.about_key}",)
    if not isinstance(value, int | float) or not isinstance(mark, int | float):
        words = (
            f"{name}站超",
            Fact(code, Level(signal.level).numeral, int(signal.level), link),
            "级。",
        )
        return Sentence(code, words)
    above = Fact(f"{code}-above", f"{value - mark:.2f}", round(value - mark, 2), link)
    stage = Fact(code, f"{value:.2f}", value, link)
    return Sentence(code, (f"{name}站水位", stage, "米，超", above, "米。"))
