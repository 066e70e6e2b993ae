"""What answers of the API share: problems by RFC 9457, ETags, the reader's seat."""

import hashlib
import json
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Schema

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat


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
        json.dumps(told, ensure_ascii=False),
        status=problem.status,
        content_type="application/problem+json",
    )


def seat_in(request: HttpRequest) -> Seat:
    seat: Seat = request.auth  # type: ignore[attr-defined]
    return seat


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
    if isinstance(value, datetime):
        return clock.beijing(value).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


MOST_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
ERRORS = {
    401: ProblemOut,
    403: ProblemOut,
    404: ProblemOut,
    409: ProblemOut,
    413: ProblemOut,
    422: ProblemOut,
}
