"""The API for programs: /api/v1, problems by RFC 9457, cursor paging, ETag, idempotency keys."""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field, Header, NinjaAPI, Query, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.docs import Swagger

from fangxian.spine.assess.read import active_signals, signals
from fangxian.spine.command import read as command
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import IdempotencyKey
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require, require_sight
from fangxian.spine.cover.read import open_gaps
from fangxian.spine.observe import read as observe
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.write import Intake
from fangxian.spine.registry import read as registry
from fangxian.spine.registry.prove import uncovered

from .keys import Key, Session

api = NinjaAPI(
    title="Fangxian",
    version="1",
    description="防线: flood and epidemic command of a city. Times are ISO 8601 with an offset.",
    auth=[Session(), Key()],
    urls_namespace="api",
    docs=Swagger(settings={"validatorUrl": None}),  # no outside validator
)
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[int, Query(ge=0, le=2**62)]
Word = Annotated[str, Query(max_length=60, pattern=r"^[^\x00]*$")]


class ProblemOut(Schema):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    detail_zh: str
    fields: dict[str, Any] = {}


def problem_answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    told = {
        "type": f"about:blank#{problem.code}",
        "title": problem.code,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.text("en"),
        "detail_zh": problem.text("zh"),
        "fields": {k: str(v) for k, v in problem.fields.items()},
    }
    return HttpResponse(
        json.dumps(told, ensure_ascii=False), status=problem.status,
        content_type="application/problem+json",
    )  # fmt: skip


@api.exception_handler(Problem)
def problem(request: HttpRequest, error: Problem) -> HttpResponse:
    return problem_answer(request, error)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0]
    where = ".".join(str(part) for part in first["loc"])
    return problem_answer(request, Problem("input.invalid", field=where, why=first["msg"]))


@api.exception_handler(AuthenticationError)
def unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    answer = problem_answer(request, Problem("rights.denied", seat="—", right="api"))
    answer.status_code = 401
    answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(RequestDataTooBig)
def too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem_answer(request, Problem("input.too_big", most=MOST_BYTES))


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem_answer(request, Problem("input.invalid", field="body", why=str(error)))


def seat_in(request: HttpRequest) -> Seat:
    seat: Seat = request.auth  # type: ignore[attr-defined]
    return seat


def page_of(
    rows: "QuerySet[Any]", *, cursor: int, limit: int, show: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """Rows after a key, in order of the key, with the cursor of the next page."""
    found = list(rows.order_by("id").filter(id__gt=cursor)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return {"items": [show(r) for r in found], "next": found[-1].pk if more else None}


def tagged(request: HttpRequest, told: Any) -> HttpResponse:
    """JSON with an ETag; 304 when the reader has it already."""
    body = json.dumps(told, ensure_ascii=False, default=_plain).encode()
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    if request.headers.get("If-None-Match") == tag:
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(body, content_type="application/json")
    answer["ETag"] = tag
    return answer


def _plain(value: Any) -> Any:
    return clock.beijing(value).isoformat() if isinstance(value, datetime) else str(value)


class Page(Schema):
    """A page of rows; ``next`` is the cursor of the next one or null."""

    items: list[dict[str, Any]]
    next: int | None = None


MOST_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
ERRORS = {401: ProblemOut, 403: ProblemOut, 404: ProblemOut, 409: ProblemOut, 413: ProblemOut,
          422: ProblemOut}  # fmt: skip


@api.get("/places", response={200: Page, **ERRORS}, summary="Places of the tree")
def places(request: HttpRequest, q: Word = "", cursor: Cursor = 0, limit: Limit = 100) -> Any:
    seat = seat_in(request)
    require_sight(seat, "map.read")
    rows = registry.places(seat=seat).select_related("parent", "successor")
    if q:
        rows = rows.filter(code__in=[t.key for t in registry.find_places(q, seat=seat, limit=20)])
    return tagged(request, page_of(rows, cursor=cursor, limit=limit, show=_place))


def _place(row: Any) -> dict[str, Any]:
    return {
        "code": row.code, "name": row.name, "kind": row.kind,
        "parent": row.parent.code if row.parent else None,
        "valid_from": row.valid_from, "valid_to": row.valid_to,
        "successor": row.successor.code if row.successor else None,
        "lon": row.lon, "lat": row.lat, "position_synthetic": row.position_synthetic,
    }  # fmt: skip


@api.get("/stations", response={200: Page, **ERRORS}, summary="Stations with their newest state")
def stations(request: HttpRequest, cursor: Cursor = 0, limit: Limit = 100) -> Any:
    seat = seat_in(request)
    require_sight(seat, "map.read")
    page = page_of(observe.stations(seat=seat), cursor=cursor, limit=limit, show=lambda r: {"r": r})
    page["items"] = [_station(n) for n in observe.stations_now(i["r"] for i in page["items"])]
    return tagged(request, page)


def _station(now: observe.Now) -> dict[str, Any]:
    one = now.station
    return {
        "code": one.code, "name": one.name, "place": one.place.code, "river": one.river,
        "lon": one.lon, "lat": one.lat, "origin": one.origin, "datum": one.datum,
        "last_at": now.last_at, "stale": now.stale, "rain_mm_1h": now.rain_1h_mm,
        "rain_mm_24h": now.rain_24h_mm, "missing_steps_24h": now.missing_24h,
        "stage_m": now.stage_m,
    }  # fmt: skip


@api.get("/stations/{code}/readings", response={200: Page, **ERRORS}, summary="Readings of a span")
def readings(
    request: HttpRequest, code: str, since: datetime | None = None, until: datetime | None = None,
    limit: Limit = 500, cursor: Cursor = 0,
) -> Any:  # fmt: skip
    seat = seat_in(request)
    require_sight(seat, "map.read")
    one = observe.station(code.replace("\x00", ""), seat=seat)
    until = _aware(until) if until else clock.now()
    since = (
        _aware(since) if since else datetime.fromtimestamp(until.timestamp() - 86400, until.tzinfo)
    )
    if not 0 <= since.timestamp() <= until.timestamp() <= 4_102_444_800:
        raise Problem("input.invalid", field="since", why="since must be before until, after 1970")
    found = observe.readings(
        one, elements=[s.element for s in one.series.all()], since=since, until=until
    )
    rows = [{"element": e, **row} for e, many in found.items() for row in many]
    more = len(rows) > cursor + limit
    told = {"items": rows[cursor : cursor + limit], "next": cursor + limit if more else None}
    return tagged(request, told)


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)


class ReadingIn(Schema):
    """One reading. ``value`` null is a missing one; a zero is a zero."""

    station: str = Field(pattern=r"^[0-9A-Za-z]{4,10}$")
    element: str = Field(pattern=r"^[0-9A-Za-z]{1,12}$", description="SL 651 symbol, or P5")
    at: datetime
    value: float | None = Field(default=None, ge=-1e7, le=1e7)


class BatchIn(Schema):
    """Up to 5,000 readings."""

    readings: list[ReadingIn] = Field(max_length=5000)


class BatchOut(Schema):
    """What became of them."""

    accepted: int
    quarantined: int
    changed: int


@api.post("/readings", response={200: BatchOut, **ERRORS}, summary="Push readings")
def push(
    request: HttpRequest, batch: BatchIn,
    idempotency_key: Annotated[str, Header(max_length=100, pattern=r"^[!-~]*$")] = "",
) -> Any:  # fmt: skip
    """Idempotent by (station, element, time): the same batch twice changes nothing. With an
    ``Idempotency-Key`` a repeat gets the first answer."""
    seat = seat_in(request)
    require_sight(seat, "observation.import")
    digest = hashlib.sha256(request.body).hexdigest()
    key = f"{seat.label}:{idempotency_key}"[:120]
    if idempotency_key:
        kept = IdempotencyKey.objects.filter(key=key).first()
        if kept and kept.digest != digest:
            raise Problem("idempotency.reused", key=idempotency_key)
        if kept:
            return kept.answer
    for reading in batch.readings:
        if not 0 <= _aware(reading.at).timestamp() <= 4_102_444_800:
            raise Problem("input.invalid", field="at", why="between 1970 and 2100")
    rows = [(r.station, r.element.upper(), _aware(r.at), r.value) for r in batch.readings]
    done = Intake().accept(arrivals_of(rows, source=f"api {seat.label}"), by=seat)
    answer = {"accepted": done.taken, "quarantined": done.held, "changed": done.readings}
    if idempotency_key:
        with transaction.atomic():
            IdempotencyKey.objects.get_or_create(
                key=key, defaults={"digest": digest, "answer": answer, "at": clock.now()}
            )
    return answer


@api.get("/latest.csv", response={200: None, **ERRORS}, summary="Newest state of every station")
def latest(request: HttpRequest) -> HttpResponse:
    seat = seat_in(request)
    require_sight(seat, "map.read")
    out = io.StringIO()
    writer = csv.writer(out)
    head = ["code", "name", "place", "lon", "lat", "origin", "last_at", "stale", "rain_mm_1h",
            "rain_mm_24h", "missing_steps_24h", "stage_m"]  # fmt: skip
    writer.writerow(head)
    for now in observe.stations_now(observe.stations(seat=seat).order_by("code")):
        row = _station(now)
        row["last_at"] = clock.beijing(now.last_at).isoformat() if now.last_at else ""
        writer.writerow(["" if row[name] is None else row[name] for name in head])
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")


@api.get("/signals", response={200: Page, **ERRORS}, summary="Signals")
def signal_list(
    request: HttpRequest, active: bool = True, cursor: Cursor = 0, limit: Limit = 100
) -> Any:
    seat = seat_in(request)
    require_sight(seat, "signal.read")
    rows = active_signals(seat=seat) if active else signals(seat=seat)
    return tagged(request, page_of(rows, cursor=cursor, limit=limit, show=_signal))


def _signal(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk, "hazard": row.hazard, "family": row.family, "level": Level(row.level).name,
        "worst_level": Level(row.worst_level).name,
        "about": {"kind": row.about_kind, "key": row.about_key, "name": row.about_name},
        "place": row.place.code,
        "value": row.value, "evidence": row.evidence, "rule": row.rule,
        "started_at": row.started_at, "observed_at": row.observed_at,
        "cleared_at": row.cleared_at, "acknowledged_at": row.acknowledged_at,
    }  # fmt: skip


@api.get("/responses", response={200: Page, **ERRORS}, summary="Emergency responses")
def response_list(request: HttpRequest, cursor: Cursor = 0, limit: Limit = 100) -> Any:
    seat = seat_in(request)
    require_sight(seat, "response.read")
    rows = command.responses(seat=seat)
    return tagged(request, page_of(rows, cursor=cursor, limit=limit, show=_response))


def _response(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk, "hazard": row.hazard, "level": row.at_level.name, "edition": row.edition,
        "clause": row.clause, "document_no": row.document_no, "started_at": row.started_at,
        "level_since": row.level_since, "ended_at": row.ended_at,
    }  # fmt: skip


@api.get("/orders", response={200: Page, **ERRORS}, summary="Orders")
def order_list(request: HttpRequest, cursor: Cursor = 0, limit: Limit = 100) -> Any:
    seat = seat_in(request)
    rows = command.orders(seat=seat)
    return tagged(request, page_of(rows, cursor=cursor, limit=limit, show=_order))


def _order(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk, "responses": [r.pk for r in row.responses.all()], "hazard": row.hazard,
        "about": {"kind": row.about_kind, "key": row.about_key}, "level": Level(row.level).name,
        "area": row.area.code, "verb": row.verb, "object": row.object, "post": str(row.post),
        "state": row.state, "done": row.done, "total": row.total, "issued_at": row.issued_at,
        "acknowledge_by": row.acknowledge_by, "acknowledged_at": row.acknowledged_at,
        "deadline_at": row.deadline_at, "closed_at": row.closed_at,
    }  # fmt: skip


@api.get("/gaps", response={200: Page, **ERRORS}, summary="What is not covered now")
def gap_list(request: HttpRequest, cursor: Cursor = 0, limit: Limit = 100) -> Any:
    seat = seat_in(request)
    require(seat, "gap.read", place=seat.place_path)
    rows = open_gaps(seat=seat)
    return tagged(request, page_of(rows, cursor=cursor, limit=limit, show=_gap))


def _gap(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk, "rule": row.rule, "subject": f"{row.subject_kind}:{row.subject_id}",
        "fields": row.fields, "place": row.place.code if row.place else None,
        "owner": str(row.owner), "since": row.since,
    }  # fmt: skip


@api.get("/duties/uncovered", response={200: Page, **ERRORS}, summary="Spans without a holder")
def duties(request: HttpRequest, since: datetime, until: datetime) -> Any:
    seat = seat_in(request)
    require(seat, "register.read", place=seat.place_path)
    since, until = _aware(since), _aware(until)
    if not 0 <= since.timestamp() < until.timestamp() <= 4_102_444_800:
        raise Problem("input.invalid", field="since", why="since must be before until, after 1970")
    found = uncovered(since=since, until=until)
    return tagged(request, {"items": [gap.row() for gap in found[:1000]], "next": None})
