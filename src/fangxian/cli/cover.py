"""`fangxian cover prove`: what of the ground is not covered, and since when."""

import json
import sys
from datetime import datetime, timedelta
from typing import Any

import click

from .main import language, say, start_ready, tell


@click.group(help=say("盖没盖到:盲区证明。", "Cover: the proof of blind spots."))
def cover_command() -> None:
    """Proofs of cover."""


@cover_command.command(
    help=say(
        "列出某日没有盖到的对象:从未查过、逾期、无人负责、无测站、广播电话不到;有则退出码 1。",
        "List what was not covered on a day: never visited, late, nobody answers, no gauge, no "
        "warning reaches; exit 1 if any.",
    )
)
@click.option("--subject", type=click.Choice(["dangers"]), default="dangers", show_default=True)
@click.option(
    "--on", "on", default=None, help=say("哪一天(含),默认现在", "day (whole), now by default")
)
@click.option(
    "--place", default="", help=say("区划代码,默认全市", "code of a place, all by default")
)
@click.option("--reason", default=None, help=say("只列这一种", "this reason only"))
@click.option("--cells/--no-cells", default=True, help=say("含网格", "with the cells of the city"))
@click.option(
    "--best",
    type=click.IntRange(1, 20),
    default=None,
    help=say("另算最佳的 N 个下一站", "and the best N next stops"),
)
@click.option("--reach-km", type=click.FloatRange(0.01, 500), default=3.0, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def prove(
    subject: str,
    on: str | None,
    place: str,
    reason: str | None,
    cells: bool,
    best: int | None,
    reach_km: float,
    as_json: bool,
) -> None:
    del subject
    start_ready()
    from fangxian.spine.core import clock
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.inspect.proof import REASONS, UNSEEN, best_next, rows_of
    from fangxian.spine.inspect.proof import prove as prove_ground
    from fangxian.spine.registry.models import Place

    if reason is not None and reason not in REASONS:
        raise click.UsageError(
            say(
                f"没有 {reason};有 {', '.join(REASONS)}",
                f"no {reason}; there are {', '.join(REASONS)}",
            )
        )
    path = ""
    if place:
        found = Place.objects.filter(code=place, successor=None).first()
        if found is None:
            raise click.UsageError(say(f"没有区划 {place}", f"there is no place {place}"))
        path = found.path
    at = _end_of(on) if on else clock.now()
    proof = prove_ground(at, seat=SYSTEM, path=path, cells=cells)
    rows = [row for row in rows_of(proof) if reason is None or reason in row["reasons"]]
    told: dict[str, object] = {
        "at": clock.beijing(at).isoformat(),
        "ground": dict(proof.n),
        "uncovered": rows,
        "accepted": [
            {
                "kind": b.element.kind,
                "key": b.element.key,
                "name": b.element.title,
                "reason": b.excuse.reason,
                "by": b.excuse.by,
                "until": clock.beijing(b.excuse.until).isoformat(),
            }
            for b in proof.accepted
            if b.excuse
        ],
    }
    if best:
        stops, cover = best_next(proof, [reason] if reason else UNSEEN, reach_km=reach_km, k=best)
        told["best_next"] = {
            "stops": [{"name": s.title, "lon": s.lon, "lat": s.lat, "adds": s.adds} for s in stops],
            "covers": cover.weight,
            "bound": cover.bound,
            "optimal": cover.optimal,
        }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print(rows, told)
    n = sum(proof.n.values())
    if not n:
        tell(say("没有登记任何要查的对象,无从证明。", "Nothing to look at is on record: no proof."))
        sys.exit(1)
    zh = f"{n} 个对象,{len(rows)} 个没有盖到,{len(proof.accepted)} 个有说明"
    tell(say(zh, f"{n} things, {len(rows)} not covered, {len(proof.accepted)} accepted"))
    sys.exit(1 if rows else 0)


def _print(rows: list[dict[str, Any]], told: dict[str, Any]) -> None:
    from fangxian.spine.inspect.proof import REASONS

    k = 0 if language().startswith("zh") else 1
    for row in rows:
        words = "、".join(REASONS[code][k] for code in row["reasons"])
        since = str(row["since"] or "—")[:16]
        click.echo(
            f"{row['kind']} {row['key']} {row['place_name']} {row['name']}: {words} ({since})"
        )
    best = told.get("best_next")
    if isinstance(best, dict):
        for stop in best["stops"]:
            click.echo(f"+{stop['adds']} {stop['name']} {stop['lat']:.4f},{stop['lon']:.4f}")
        click.echo(f"{best['covers']:g} / {best['bound']:g}")


def _end_of(day: str) -> datetime:
    from fangxian.spine.core.clock import BEIJING

    try:
        at = datetime.fromisoformat(day)
    except ValueError:
        raise click.UsageError(
            say(f"“{day}”不是日期,应如 2026-05-01", f"{day!r} is no date such as 2026-05-01")
        ) from None
    if not 1990 <= at.year <= 2200:
        raise click.UsageError(say(f"“{day}”太早或太晚", f"{day} is too early or too late"))
    if len(day) == 10:
        at += timedelta(days=1)
    return at if at.tzinfo else at.replace(tzinfo=BEIJING)
