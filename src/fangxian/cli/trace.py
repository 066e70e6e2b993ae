"""`fangxian trace`: from a person, a place, a carrier or a lot to whoever it can have reached."""

import json
from datetime import timedelta

import click

from .main import say, start_ready


@click.command(
    help=say(
        "从一个节点追踪：人员、场所、车辆、船舶、航班、批次。KIND ID 如 person 12、lot L7。",
        "Trace from a node: person, site, vehicle, vessel, flight, lot; as person 12, lot L7.",
    )
)
@click.argument("kind")
@click.argument("key")
@click.option("--depth", default=2, type=click.IntRange(1, 50), help=say("几步", "steps"))
@click.option(
    "--days", type=click.IntRange(1, 3650), help=say("从几天前，默认按规则", "days back; by rule")
)
@click.option("--json", "as_json", is_flag=True)
def trace_command(kind: str, key: str, depth: int, days: int | None, as_json: bool) -> None:
    start_ready()
    from fangxian.hazards.epidemic.tracing import read
    from fangxian.hazards.epidemic.tracing.contacts import traced_from
    from fangxian.spine.core import clock
    from fangxian.spine.core.rights import SYSTEM

    node = read.node_of(kind, key, seat=SYSTEM)
    begun = timedelta(days=days) if days else None
    since = (node.onset_at or clock.now()) - begun if begun else traced_from(node)
    steps = read.trace(node, depth=depth, at=since)
    if as_json:
        told = {"from": f"{kind}:{key}", "depth": depth, "reached": read.as_json(steps)}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in steps:
        by = f"{one.edge.kind} {one.edge.source_kind}:{one.edge.source_key}" if one.edge else ""
        at = f"{clock.beijing(one.at):%m-%d %H:%M}"
        click.echo(f"{'  ' * one.step}{one.node.kind} {one.node.key} {one.node.label} {at} {by}")
