"""Cover rules of command and, for dead letters, of the spine's own work."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet

from fangxian.spine.core.health import SISTER
from fangxian.spine.core.models import BadRow, Heartbeat, Job
from fangxian.spine.cover.engine import CoverRule, Judged, Uncovered, judged
from fangxian.spine.reach.models import Delivery
from fangxian.spine.ready.models import Dispatch
from fangxian.spine.registry.read import fallback_post

from .field import silent
from .models import DONE, OVER, WAITING, Order, Plea, Response, Shift
from .rules import span

FAILURES_TOLD = 3  # one failure may be a passing lock; three in a row are not


def _gap(order: Order, since: datetime, owner: int | None) -> Uncovered:
    return Uncovered(
        "order",
        str(order.pk),
        since,
        owner,
        order.area_id,
        {
            "area": order.area.name,
            "what": f"{order.verb}{order.object}",
            "what_en": f"{order.verb_en} {order.object_en}".strip()
            or f"{order.verb}{order.object}",
            "post": str(order.post),
        },
    )


def not_acknowledged(at: datetime) -> Iterator[Judged]:
    def judge(order: Order) -> Uncovered:
        step = min(order.escalated, len(order.chain))
        owner = order.chain[step - 1] if step else order.post_id
        return _gap(order, order.acknowledge_by, owner)

    late = Order.objects.filter(state__in=WAITING, acknowledge_by__lt=at)
    return judged("order-unanswered", "order", _with_names(late), judge)


def overdue(at: datetime) -> Iterator[Judged]:
    late = Order.objects.filter(deadline_at__lt=at).exclude(state__in=[*DONE, *OVER])
    return judged(
        "order-overdue", "order", _with_names(late), lambda o: _gap(o, o.deadline_at, o.post_id)
    )


def not_verified(at: datetime) -> Iterator[Judged]:
    late = Order.objects.filter(state="reported", reported_at__lt=at - span("verify_within", at))
    return judged(
        "order-unverified",
        "order",
        _with_names(late),
        lambda o: _gap(o, o.reported_at or at, o.issuer_id),
    )


def _with_names(orders: QuerySet[Order]) -> QuerySet[Order]:
    return orders.select_related("area", "post__organisation")


def dead_letters(at: datetime) -> Iterator[Judged]:
    def judge_job(job: Job) -> Uncovered:
        told = {"what": job.function, "why": job.last_error[:120]}
        return Uncovered("job", str(job.pk), job.due_at, None, None, told)

    def judge_delivery(delivery: Delivery) -> Uncovered:
        told = {
            "what": f"{delivery.channel} → {delivery.person.name}",
            "why": delivery.last_error[:120],
        }
        return Uncovered("delivery", str(delivery.pk), delivery.due_at, None, None, told)

    yield from judged("dead-letter", "job", Job.objects.filter(state="dead"), judge_job)
    failed = Delivery.objects.filter(state=Delivery.State.FAILED, message__expires_at__gt=at)
    letters = failed.select_related("person", "message")
    yield from judged("dead-letter", "delivery", letters, judge_delivery)


def failing_loops(at: datetime) -> Iterator[Judged]:
    """A loop of the system that has failed several times in a row."""

    def judge(beat: Heartbeat) -> Uncovered:
        told = {"loop": beat.name, "n": beat.failures, "why": beat.why[:120]}
        return Uncovered("loop", beat.name, beat.failing_since or at, None, None, told)

    failing = Heartbeat.objects.filter(failures__gte=FAILURES_TOLD).exclude(
        name__startswith=SISTER  # its own affair
    )
    return judged("loop-failing", "loop", failing, judge)


def bad_rows(at: datetime) -> Iterator[Judged]:
    """Rows that could not be taken, one gap for each place they came to."""
    kept: dict[str, list[BadRow]] = {}
    for row in BadRow.objects.filter(settled_at=None).order_by("first_at", "id"):
        kept.setdefault(row.where, []).append(row)

    def judge(where: str) -> Uncovered:
        rows = kept[where]
        told = {"where": where, "n": len(rows), "why": rows[-1].why[:120]}
        return Uncovered("bad_row", where, rows[0].first_at, None, None, told)

    return judged("bad-row", "bad_row", kept, judge)


def pleas_open(at: datetime) -> Iterator[Judged]:
    """Calls for help and words nobody understood that nobody has answered."""

    def judge(plea: Plea) -> Uncovered:
        order = plea.order
        told = {"area": order.area.name, "what": f"{order.verb}{order.object}", "text": plea.text}
        told |= {"kind": plea.get_kind_display(), "kind_en": plea.kind}
        owner = order.issuer_id or order.post.superior_id
        return Uncovered("plea", str(plea.pk), plea.at, owner, order.area_id, told)

    rows = Plea.objects.filter(settled_at=None).select_related("order__area", "order__post")
    return judged("plea-open", "plea", rows, judge)


def desk_unmanned(at: datetime) -> Iterator[Judged]:
    """A response is in force and nobody has taken the watch; or it was handed over and nobody has
    signed."""
    running = Response.objects.filter(ended_at=None).select_related("headquarters").first()
    post = fallback_post()
    manned = Shift.objects.filter(ended_at=None).exists()
    unsigned = Shift.objects.filter(
        successor__isnull=False, signed_at=None, ended_at__lt=at - span("sign_within", at)
    ).select_related("successor")

    def judge(key: str) -> Uncovered | None:
        owner = post.pk if post else None
        if key == "desk" and running and not manned:
            told = {"what": "没有人接班值守", "what_en": "nobody has taken the watch"}
            return Uncovered("desk", key, running.started_at, owner, None, told)
        return None

    yield from judged("desk-unmanned", "desk", ("desk",), judge, key=str)
    for shift in unsigned:
        name = shift.successor.name if shift.successor else ""
        told = {"what": f"{name} 未签字接班", "what_en": f"{name} has not signed for the watch"}
        since = shift.ended_at or at
        yield Uncovered("shift", str(shift.pk), since, post.pk if post else None, None, told)


def teams_silent(at: datetime) -> Iterator[Judged]:
    """Teams in the field that were asked whether all is well and do not answer."""

    def judge(one: Dispatch) -> Uncovered:
        told = {"team": one.team.name, "place": one.place.name}
        owner = one.team.post.superior_id if one.team.post else None
        return Uncovered("dispatch", str(one.pk), one.asked_at or at, owner, one.place_id, told)

    return judged("team-silent", "dispatch", silent(at), judge)


RULES = [
    CoverRule(
        "team-silent",
        "外出队伍未报平安",
        "Team in the field not heard",
        "{team}（{place}）问平安未答",
        "{team} ({place}) has not said that all is well",
        teams_silent,
        every_s=30,
    ),
    CoverRule(
        "desk-unmanned",
        "值班无人",
        "Desk without a watch",
        "值班台{what}",
        "Duty desk: {what_en}",
        desk_unmanned,
        every_s=60,
    ),
    CoverRule(
        "plea-open",
        "求助未处置",
        "Call for help not answered",
        "{area} {kind}：{text}（{what}）",
        "{area}, {kind_en}: {text} ({what})",
        pleas_open,
        every_s=10,
    ),
    CoverRule(
        "order-unanswered",
        "指令未签收",
        "Order not acknowledged",
        "{area} {what}：{post} 未签收",
        "{area}, {what_en}: not acknowledged by {post}",
        not_acknowledged,
    ),
    CoverRule(
        "order-overdue",
        "指令逾期",
        "Order overdue",
        "{area} {what}：逾期未报完成",
        "{area}, {what_en}: overdue",
        overdue,
    ),
    CoverRule(
        "order-unverified",
        "指令未核验",
        "Order not verified",
        "{area} {what}：已报完成，未核验",
        "{area}, {what_en}: reported done, not verified",
        not_verified,
        every_s=300,
    ),
    CoverRule(
        "dead-letter",
        "死信",
        "Dead letter",
        "{what} 多次失败：{why}",
        "{what} failed repeatedly: {why}",
        dead_letters,
        every_s=60,
    ),
    CoverRule(
        "loop-failing",
        "系统环节失灵",
        "Part of the system fails",
        "系统环节 {loop} 连续失败 {n} 次：{why}",
        "{loop} has failed {n} times in a row: {why}",
        failing_loops,
        every_s=10,
    ),
    CoverRule(
        "bad-row",
        "来件无法处理",
        "Could not be taken",
        "{where}：{n} 条来件无法处理，已原样保留（{why}）",
        "{where}: {n} could not be taken and are kept as they came ({why})",
        bad_rows,
        every_s=10,
    ),
]
