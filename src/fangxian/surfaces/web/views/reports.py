"""Reports: who owes which by when, the page to make one, what has come in, and one's own phone."""

import base64
import io
import json
import uuid
import zlib
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext

from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.observe.models import Form, Report
from fangxian.spine.observe.reports import read
from fangxian.spine.observe.reports.judge import judge
from fangxian.spine.observe.reports.plan import owing_now
from fangxian.spine.observe.reports.write import accept_report, make_device, xml_of
from fangxian.spine.observe.reports.xform import Question, read_submission, read_xform
from fangxian.spine.reach.models import Delivery
from fangxian.spine.registry.read import seat_of_person, the_post
from fangxian.surfaces.web.page import SeatedRequest, page

PER_PAGE = 50
NUMBERS = ("int", "integer", "decimal")
KEPT = ("type", "constraint", "required")  # findings that a form is given back for


@page("register.read")
def index(request: SeatedRequest) -> HttpResponse:
    """Each plan: n of m, and who is missing; and the newest reports."""
    rows = read.reports(seat=request.seat)
    context = {
        "room": "registers",
        "rolls": read.roll_up(seat=request.seat),
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "forms": read.forms(),
        "may_report": visible(request.seat, "report.make") is not None,
    }
    return render(request, "web/reports.html", context)


@page("register.read")
def one(request: SeatedRequest, key: int) -> HttpResponse:
    """One report with its answers, what is wrong with it, and what it follows."""
    report = read.reports(seat=request.seat).filter(pk=key).first()
    if report is None:
        raise Problem("not_found", what=str(key))
    xform = read_xform(report.form.xform)
    answers = [(_label(q), _shown(q, report.answers.get(q.path, ""))) for q in xform.questions]
    before = Report.objects.filter(instance=report.follows).first() if report.follows else None
    context = {"room": "registers", "report": report, "answers": answers, "before": before}
    return render(request, "web/report.html", context)


@page("report.make")
def mine(request: SeatedRequest) -> HttpResponse:
    """What I owe, soonest first."""
    rows = []
    if request.seat.post_id:
        rows = owing_now(the_post(request.seat.post_id), clock.now())
    known = {form.code: form for form in read.forms()}
    owed = [
        {"plan": plan, "form": known.get(plan.form_code), "due": due, "made": made}
        for plan, due, made in sorted(rows, key=lambda row: row[1])
    ]
    context = {"owed": owed, "forms": known.values(), "now": clock.now()}
    return render(request, "web/reports_mine.html", context)


@page("report.make", methods=("GET", "HEAD", "POST"))
def fill(request: SeatedRequest, code: str) -> HttpResponse:
    """Make a report. What is refused stays as it was typed; sent twice it is one report."""
    made = _filled(request, request.seat, code)
    if isinstance(made, HttpResponse):
        return made
    messages.success(request, gettext("已报，回执号 %(n)s") % {"n": made})
    return redirect("/m/reports")


def by_link(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    """The same from the link of a reminder, without a log-in: the code is the proof of who it is,
    and it is good for this form alone."""
    seat = seat_of_person(delivery.person)
    code = delivery.message.subject_id.partition(":")[2]
    made = _filled(request, seat, code)
    if isinstance(made, HttpResponse):
        return made
    return render(request, "web/report_done.html", {"receipt": made, "who": seat.label})


def _filled(request: HttpRequest, seat: Seat, code: str) -> HttpResponse | str:
    """The page of a form, or the receipt of a report that was made by it."""
    form = read.form(code)
    xform = read_xform(form.xform)
    zero = "zero" in request.GET
    typed: dict[str, str] = {}
    wrong: dict[str, str] = {}
    instance = (request.POST.get("instance") or f"uuid:{uuid.uuid4()}")[:80]
    if request.method == "POST":
        typed = {q.path: (request.POST.get(q.path) or "").strip() for q in xform.questions}
        sent = {path: rows[-1] for path, rows in request.FILES.lists() if rows}
        files = {str(file.name): file.read() for file in sent.values()}
        typed |= {path: str(file.name) for path, file in sent.items()}
        raw = xml_of(form, typed, instance=instance)
        found = judge(xform, read_submission(raw), at=clock.now())
        wrong = {path: says for path, kind, says in found if kind in KEPT}
        if not wrong:
            accept_report(raw=raw, by=seat, door="web", files=files)
            return instance[-8:]
    last = _last(form, seat)
    questions = [
        {
            "q": q,
            "label": _label(q),
            "value": typed.get(q.path, "0" if zero and q.type in NUMBERS else ""),
            "wrong": wrong.get(q.path, ""),
            "last": last.get(q.path, ""),
            "choices": [(value, _word(words)) for value, words in q.choices],
        }
        for q in xform.questions
        if q.control
    ]
    context = {
        "form": form,
        "questions": questions,
        "instance": instance,
        "zero": zero,
        "who": seat.label,
        "may_zero": any(q.type in NUMBERS for q in xform.questions),
    }
    return render(request, "web/report_fill.html", context, status=422 if wrong else 200)


def _last(form: Form, seat: Seat) -> dict[str, str]:
    """What the same post said last: shown beside, never asked for again by itself."""
    rows = Report.objects.filter(form__code=form.code, post_id=seat.post_id or 0)
    report = rows.order_by("-at").first()
    return dict(report.answers) if report else {}


@page("report.make", methods=("GET", "HEAD", "POST"))
def device(request: SeatedRequest) -> HttpResponse:
    """One's own phone with ODK Collect: a square to scan, good until another is made."""
    square = address = ""
    if request.method == "POST":
        address = f"{config().url}/odk/key/{make_device(by=request.seat)}"
        square = _square(address)
    return render(request, "web/device.html", {"square": square, "address": address})


def _square(address: str) -> str:
    """Collect's settings as a QR picture."""
    import qrcode
    from qrcode.image.svg import SvgPathImage

    general = {"server_url": address, "form_update_mode": "match_exactly"}
    general["autosend"] = "wifi_and_cellular"
    settings = {"general": general, "admin": {}, "project": {"name": gettext("防线")}}
    told = base64.b64encode(zlib.compress(json.dumps(settings).encode())).decode()
    out = io.BytesIO()
    qrcode.make(told, image_factory=SvgPathImage, box_size=8).save(out)
    return base64.b64encode(out.getvalue()).decode()


def _label(question: Question) -> str:
    return _word(question.label) or question.name


def _word(words: dict[str, str]) -> str:
    """A text in the reader's language, else in any it has."""
    wanted = "en" if (get_language() or "zh").startswith("en") else "zh"
    for language, text in words.items():
        if f"({wanted})" in language or language == wanted:
            return text
    return next(iter(words.values()), "")


def _shown(question: Question, answer: Any) -> str:
    words = dict(question.choices)
    return _word(words[answer]) if answer in words else str(answer)
