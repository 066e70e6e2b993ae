"""OpenRosa: the door that ODK Collect knocks at. Forms out, submissions in; the secret of a phone
stands in the address, since Collect sends no password over plain http."""

import hashlib
import logging
import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from fangxian.spine.core.config import config
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat
from fangxian.spine.observe.models import Form
from fangxian.spine.observe.reports.read import form as form_in_force
from fangxian.spine.observe.reports.read import forms
from fangxian.spine.observe.reports.write import accept_report, seat_of_device
from fangxian.spine.observe.reports.xform import read_submission

log = logging.getLogger("fangxian.openrosa")
MOST = 100_000_000  # bytes of one request; Collect sends more in parts
XML = "text/xml; charset=utf-8"
ITEMSETS = "itemsets.csv"
XML_PART = "xml_submission_file"


def _open(view: Callable[..., HttpResponse]) -> Any:
    """A phone's request: whose it is by the secret, problems in the words Collect shows."""

    @csrf_exempt
    @wraps(view)
    def inner(request: HttpRequest, token: str, **more: str) -> HttpResponse:
        seat = seat_of_device(token)
        try:
            if seat is None:
                raise Problem("rights.no_seat")
            answer = view(request, seat, token, **more)
        except Problem as problem:
            status = 401 if problem.code == "rights.no_seat" else problem.status
            answer = _said(problem.text("zh"), status, nature="error")
        except Exception:
            log.exception("submission.failed path=/odk")
            answer = _said("服务器出错，内容仍在手机上，请稍后再发。", 500, nature="error")
        answer["X-OpenRosa-Version"] = "1.0"
        answer["X-OpenRosa-Accept-Content-Length"] = str(MOST)
        return answer

    inner.right = "public"  # type: ignore[attr-defined]
    return inner


def _said(text: str, status: int, *, nature: str = "submit_success") -> HttpResponse:
    body = (
        '<OpenRosaResponse xmlns="http://openrosa.org/http/response">'
        f'<message nature="{nature}">{escape(text)}</message></OpenRosaResponse>'
    )
    return HttpResponse(body, status=status, content_type=XML)


def _address(token: str, rest: str) -> str:
    return f"{config().url}/odk/key/{token}/{rest}"


@_open
def form_list(request: HttpRequest, seat: Seat, token: str) -> HttpResponse:
    """The forms in force, each once."""
    wanted = request.GET.get("formID")
    parts = []
    for form in forms():
        if wanted and form.code != wanted:
            continue
        code = quote(form.code, safe="")
        media = ""
        if form.itemsets:
            media = f"<manifestUrl>{_address(token, f'forms/{code}/manifest')}</manifestUrl>"
        parts.append(
            f"<xform><formID>{escape(form.code)}</formID><name>{escape(form.title)}</name>"
            f"<version>{escape(form.version)}</version><hash>md5:{form.digest}</hash>"
            f"<downloadUrl>{_address(token, f'forms/{code}.xml')}</downloadUrl>{media}</xform>"
        )
    body = f'<xforms xmlns="http://openrosa.org/xforms/xformsList">{"".join(parts)}</xforms>'
    return HttpResponse(f'<?xml version="1.0" encoding="UTF-8"?>{body}', content_type=XML)


@_open
def form_xml(request: HttpRequest, seat: Seat, token: str, code: str) -> HttpResponse:
    """A form, byte for byte as its hash says."""
    return HttpResponse(form_in_force(code).xform, content_type=XML)


@_open
def manifest(request: HttpRequest, seat: Seat, token: str, code: str) -> HttpResponse:
    """What belongs to a form beside it."""
    form = form_in_force(code)
    part = ""
    if form.itemsets:
        address = _address(token, f"forms/{quote(code, safe='')}/{ITEMSETS}")
        part = (
            f"<mediaFile><filename>{ITEMSETS}</filename><hash>md5:{_md5(form)}</hash>"
            f"<downloadUrl>{address}</downloadUrl></mediaFile>"
        )
    body = f'<manifest xmlns="http://openrosa.org/xforms/xformsManifest">{part}</manifest>'
    return HttpResponse(f'<?xml version="1.0" encoding="UTF-8"?>{body}', content_type=XML)


def _md5(form: Form) -> str:
    return hashlib.md5(form.itemsets.encode(), usedforsecurity=False).hexdigest()


@_open
def itemsets(request: HttpRequest, seat: Seat, token: str, code: str) -> HttpResponse:
    return HttpResponse(form_in_force(code).itemsets, content_type="text/csv; charset=utf-8")


@_open
def submission(request: HttpRequest, seat: Seat, token: str) -> HttpResponse:
    """HEAD: 204. POST: the XML and what belongs to it, perhaps in several parts that each carry the
    same XML. 201 only when all of this part lies on the disk."""
    if request.method in ("HEAD", "GET"):
        return HttpResponse(status=204)
    _whole(request)
    raw = request.FILES.get(XML_PART)
    if raw is None:
        raise Problem("report.unreadable", why=XML_PART)
    sent = [file for key, rows in request.FILES.lists() if key != XML_PART for file in rows]
    if len({str(file.name) for file in sent}) < len(sent):
        raise Problem("report.unreadable", why="两个附件同名 / two files of one name")
    files = {str(file.name): file.read() for file in sent}
    content = raw.read()
    seat = seat_of_device(token, form=read_submission(content).code) or seat
    report, new = accept_report(raw=content, by=seat, door="odk", files=files)
    told = "已收到" if new else "已收到过，未重复登记"
    if report.missing_files:
        told += f"，还差 {len(report.missing_files)} 个附件"
    if report.findings:
        told += f"，有 {len(report.findings)} 处待核"
    return _said(f"{told}。", 201)


def _whole(request: HttpRequest) -> None:
    """A body sent in chunks has no length, and Django would drop it; one that was cut off on its
    way it would take for the whole. Both are told from the body itself, which lies in a file."""
    stream: Any = getattr(request, "_stream", None)
    stream = getattr(stream, "_stream", stream)
    if stream is None or not stream.seekable():
        if not request.META.get("CONTENT_LENGTH"):
            raise Problem("report.unreadable", why="Content-Length")
        return
    at = stream.tell()
    end = stream.seek(0, 2)
    request.META["CONTENT_LENGTH"] = str(end - at)
    boundary = re.search(r'boundary="?([^";,]+)', request.META.get("CONTENT_TYPE", ""))
    stop = f"--{boundary[1]}--".encode() if boundary else b""
    stream.seek(max(at, end - len(stop) - 8))
    told = stop in stream.read()
    stream.seek(at)
    if not told:
        raise Problem("report.unreadable", why="没有传完 / cut off")
