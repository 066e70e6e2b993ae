"""What a report says of the coast: patrols, boardings, vessels at sea, people found."""

from collections.abc import Iterable

from fangxian.spine.command.sitreps.says import Ask, Fact, Said, Sentence

from .read import found_people, patrols, trips


def coast_said(ask: Ask) -> Iterable[Said]:
    gone = patrols(seat=ask.seat).filter(
        place__path__startswith=ask.path,
        state="done",
        ended_at__gte=ask.since,
        ended_at__lt=ask.until,
    )
    rows = list(gone.values_list("nm", "boarded"))
    nm, boarded = sum(n or 0 for n, _ in rows), sum(b for _, b in rows)
    out = trips(seat=ask.seat).filter(vessel__place__path__startswith=ask.path, in_at=None).count()
    people = (
        found_people(seat=ask.seat)
        .filter(place__path__startswith=ask.path, at__gte=ask.since, at__lt=ask.until)
        .count()
    )
    if not rows and not out and not people:
        return
    link = ("/coast/patrols",)
    parts: tuple[str | Fact, ...] = (
        "海岸巡查",
        Fact("patrols", str(len(rows)), len(rows), link),
        "次、",
        Fact("nm", f"{nm:.0f}", round(nm), link),
        "海里，登临检查",
        Fact("boarded", str(boarded), boarded, link),
        "船，在海",
        Fact("at_sea", str(out), out, ("/coast",), live=True),
        "船",
    )
    if people:
        found = Fact("found", str(people), people, ("/registers/shore_found",))
        parts = (*parts, "，查获", found, "人")
    yield Said("coast", (Sentence("coast", (*parts, "。")),))


def flood_said(ask: Ask) -> Iterable[Said]:
    """For the flood headquarters: who is still at sea."""
    rows = trips(seat=ask.seat).filter(vessel__place__path__startswith=ask.path, in_at=None)
    out = rows.count()
    if not out:
        return
    fact = Fact("at_sea", str(out), out, ("/coast",), live=True)
    yield Said("vessels", (Sentence("vessels", ("渔船在海", fact, "艘。")),))
