"""The API for programs: /api/v1, problems by RFC 9457, cursor paging, ETag, idempotency keys."""

import csv
import hashlib
import io
from datetime import datetime, timedelta
from typing import Annotated, Any

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Field, Header, NinjaAPI, Query, Schema, Status
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.docs import Swagger

from fangxian.spine.core import clock
from fangxian.spine.core.models import IdempotencyKey
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import require, require_sight, visible
from fangxian.spine.observe import read as observe
from fangxian.spine.observe.accept import Intake
from fangxian.spine.observe.intake.rows import arrivals_of
from fangxian.spine.observe.registers import STATIONS
from fangxian.spine.observe.reports.read import form as form_in_force
from fangxian.spine.observe.reports.write import accept_report, answers_by_name, xml_of
from fangxian.spine.registry.prove import uncovered
from fangxian.wiring import SUBJECTS

from .answers import ERRORS, MOST_BYTES, problem_answer, seat_in, tagged
from .keys import Key, Session
from .lists import list_registers
from .sister import hear
from .strict import Moment, Strict, StrictParser

api = NinjaAPI(
    title="Fangxian",
    version="1",
    description="防线: flood and epidemic command of a city. Times are ISO 8601 with an offset.",
    auth=[Session(), Key()],
    parser=StrictParser(),
    urls_namespace="api",
    docs=Swagger(settings={"validatorUrl": None}),  # no outside validator
)
AHEAD = timedelta(days=1)
MOST_SPANS = 1000  # of so many the rest is only counted
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[int, Query(ge=0, le=2**62)]


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


@api.get(
    "/stations/{code}/readings",
    response={200: dict[str, Any], **ERRORS},
    summary="Readings of a span",
)
def readings(
    request: HttpRequest,
    code: str,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: Limit = 500,
    cursor: Cursor = 0,
) -> Any:
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


class ReadingIn(Strict):
    """One reading. ``value`` null is a missing one; a zero is a zero."""

    station: str = Field(pattern=r"^[0-9A-Za-z]{4,10}$")
    element: str = Field(pattern=r"^[0-9A-Za-z]{1,12}$", description="SL 651 symbol, or P5")
    at: Moment
    value: float | None = Field(default=None, ge=-1e7, le=1e7)


class BatchIn(Strict):
    """Up to 5,000 readings."""

    readings: list[ReadingIn] = Field(max_length=5000)


class BatchOut(Schema):
    """What became of them."""

    accepted: int
    quarantined: int
    changed: int
    refused: int = Field(default=0, description="of stations outside the key's place")


@api.post("/readings", response={200: BatchOut, **ERRORS}, summary="Push readings")
def push(
    request: HttpRequest,
    batch: BatchIn,
    idempotency_key: Annotated[str, Header(max_length=100, pattern=r"^[!-~]*$")] = "",
) -> Any:
    """Idempotent by (station, element, time): the same batch twice changes nothing. With an
    ``Idempotency-Key`` a repeat gets the first answer."""
    seat = seat_in(request)
    require_sight(seat, "observation.import")
    digest = hashlib.sha256(request.body).hexdigest()
    key = hashlib.sha256(f"{seat.label}\n{idempotency_key}".encode()).hexdigest()
    if idempotency_key:
        kept = IdempotencyKey.objects.filter(key=key).first()
        if kept and kept.digest != digest:
            raise Problem("idempotency.reused", key=idempotency_key)
        if kept:
            return kept.answer
    rows = [(r.station, r.element.upper(), r.at, r.value) for r in batch.readings]
    done = Intake().accept(arrivals_of(rows, source=f"api {seat.label}"), by=seat)
    answer = {"accepted": done.taken, "quarantined": done.held, "changed": done.readings}
    answer["refused"] = len(batch.readings) - done.taken - done.held
    if idempotency_key:
        with transaction.atomic():
            IdempotencyKey.objects.get_or_create(
                key=key, defaults={"digest": digest, "answer": answer, "at": clock.now()}
            )
    return answer


class AboutIn(Strict):
    """The thing a report is about."""

    kind: str = Field(max_length=20)
    code: str = Field(max_length=60)


class ReportIn(Strict):
    """One report. ``answers`` by the names of the form's questions; a number may be a number.
    ``instance`` makes it the same report whenever it comes."""

    form: str = Field(max_length=64)
    answers: dict[str, str | int | float | None]
    instance: str = Field(default="", max_length=80)
    about: AboutIn | None = None
    at: Moment | None = None


class ReportOut(Schema):
    """What became of it; ``findings`` are what breaks the form's rules."""

    instance: str
    new: bool
    late: bool
    findings: list[list[str]]


@api.post("/reports", response={200: ReportOut, 201: ReportOut, **ERRORS}, summary="Make a report")
def report(request: HttpRequest, one: ReportIn) -> Any:
    """Kept first and judged then, like every report: what is wrong with it is told, not lost. The
    same again is 200 and changes nothing."""
    seat = seat_in(request)
    form = form_in_force(one.form)
    given = {k: "" if v is None else str(v) for k, v in one.answers.items()}
    instance = one.instance or f"uuid:{hashlib.sha256(request.body).hexdigest()[:32]}"
    raw = xml_of(form, answers_by_name(form, given), instance=instance)
    about = (one.about.kind, one.about.code) if one.about else ("", "")
    if one.at and one.at > clock.now() + AHEAD:
        raise Problem("input.invalid", field="at", why="it lies after now")
    found, new = accept_report(raw=raw, by=seat, door="api", about=about, at=one.at)
    told = {"instance": instance, "new": new, "late": found.late, "findings": found.findings}
    return Status(201 if new else 200, told)


@api.post(
    "/inlets/{code}",
    response={200: dict[str, Any], **ERRORS},
    summary="What another system sends to a subject, in its own format",
)
def inlet(request: HttpRequest, code: str) -> Any:
    """Sentinels take HL7 v2 (ADT, ORU^R01; answered by ACK), FHIR R4B bundles, DHIS2 and ADX. What
    cannot be taken is named with its place; the rest is taken."""
    seat = seat_in(request)
    take = next((s.inlet for s in SUBJECTS if s.code == code and s.inlet), None)
    if take is None:
        raise Problem("not_found", what=code[:60])
    told = take(request.body, by=seat)
    if told.answer:
        return HttpResponse(told.answer, content_type=f"{told.media}; charset=utf-8")
    return told.told()


@api.post(
    "/sister", auth=None, response={200: dict[str, Any], **ERRORS}, summary="Another one lives"
)
def sister(request: HttpRequest) -> Any:
    """What another headquarters' auditor says each minute: that it lives, where its log stands and
    what is late there. Signed with the secret both have; silence is told on every page."""
    hear(request.body, request.headers.get("X-Signature", ""))
    return {"heard": True}


@api.get("/latest.csv", response={200: None, **ERRORS}, summary="Newest state of every station")
def latest(request: HttpRequest) -> HttpResponse:
    seat = seat_in(request)
    require_sight(seat, "map.read")
    out = io.StringIO()
    writer = csv.writer(out)
    head = [
        "code",
        "name",
        "place",
        "lon",
        "lat",
        "origin",
        "last_at",
        "stale",
        "rain_mm_1h",
        "rain_mm_24h",
        "missing_steps_24h",
        "stage_m",
    ]
    columns = {column.name: column for column in STATIONS.columns}
    writer.writerow(head)
    for now in observe.stations_now(observe.stations(seat=seat).order_by("code")):
        row = {name: columns[name].of(now, seat) for name in head}
        row["last_at"] = clock.beijing(now.last_at).isoformat() if now.last_at else ""
        writer.writerow(["" if row[name] is None else row[name] for name in head])
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")


@api.get(
    "/duties/uncovered", response={200: dict[str, Any], **ERRORS}, summary="Spans without a holder"
)
def duties(request: HttpRequest, since: datetime, until: datetime) -> Any:
    seat = seat_in(request)
    require(seat, "register.read", place=seat.place_path)
    since, until = _aware(since), _aware(until)
    if not 0 <= since.timestamp() < until.timestamp() <= 4_102_444_800:
        raise Problem("input.invalid", field="since", why="since must be before until, after 1970")
    found = uncovered(since=since, until=until, within=visible(seat, "register.read") or "")
    return tagged(
        request, {"items": [gap.row() for gap in found[:MOST_SPANS]], "count": len(found)}
    )


list_registers(api)
