"""Reports: who owes which by when, the page to make one, what has come in, and one's own phone."""

import base64
import io
import json
import uuid
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_safe

from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.page import SeatedRequest, cut, cut_of, page, public
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.inspect.read import to_visit
from fangxian.spine.inspect.rounds import ANY_FORM, rules
from fangxian.spine.observe.models import Form, Report, ReportFile
from fangxian.spine.observe.reports import read
from fangxian.spine.observe.reports.followed import what_followed
from fangxian.spine.observe.reports.judge import judge
from fangxian.spine.observe.reports.plan import Owed, by_mark, owed_by, plans
from fangxian.spine.observe.reports.write import accept_report, file_of, make_device, xml_of
from fangxian.spine.observe.reports.xform import Question, read_submission, read_xform
from fangxian.spine.reach.models import Delivery
from fangxian.spine.registry.models import Site
from fangxian.spine.registry.read import seats_of_person, sites, the_post

PER_PAGE = 50
POINT = "point"  # the question that names a point, where the page does not know it
MOST_POINTS = 2000  # to choose from on one page
POINTS = 20  # to visit, on one phone
REMEMBERED, SHOWN = timedelta(days=14), 10  # of one's own reports
NUMBERS = ("int", "integer", "decimal")
OF_ALL = "of-all"  # appearance of a question that asks how many there are in all
PICTURES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
OUTBOX, QUEUED = "X-Outbox", "queued"  # sent by the page's own script (outbox.js); QUEUED: later
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
        "may_make_for": visible(request.seat, "report.make_for") is not None,
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


@page("register.read")
def one_file(request: SeatedRequest, key: int, file: int) -> HttpResponse:
    """Something that came with a report; only pictures are shown, the rest is downloaded."""
    report = read.reports(seat=request.seat).filter(pk=key).first()
    row = ReportFile.objects.filter(pk=file, report=report).first() if report else None
    if row is None:
        raise Problem("not_found", what=str(file))
    kind = PICTURES.get(Path(row.name).suffix.lower())
    if not file_of(row).is_file():  # the doctor says so too
        raise Problem("not_found", what=row.name)
    answer = HttpResponse(
        file_of(row).read_bytes(), content_type=kind or "application/octet-stream"
    )
    shown = "inline" if kind else "attachment"
    answer["Content-Disposition"] = f"{shown}; filename*=UTF-8''{quote(row.name)}"
    return answer


@page("report.make")
def mine(request: SeatedRequest) -> HttpResponse:
    """What I owe, soonest first."""
    rows, now = [], clock.now()
    if request.seat.post_id:
        rows = owed_by(the_post(request.seat.post_id), now)
    known = {form.code: form for form in read.forms()}
    owed = [
        {"one": one, "form": known.get(one.plan.form_code)}
        for one in sorted(rows, key=lambda one: one.due_at)
        if one.report is None or one.due_at > now
    ]
    about = request.GET.get("about", "")
    post = request.seat.post_id
    points = to_visit(post, now) if post else []
    mine = cut(read.made_by(post, since=now - REMEMBERED) if post else [], SHOWN)
    became = what_followed(mine)
    context = {
        "points": cut_of(points[:POINTS], len(points)),
        "made": [(report, became[report.pk]) for report in mine],
        "shown": mine,
        "owed": owed,
        "forms": known.values(),
        "now": now,
        "about": about,
    }
    return render(request, "web/reports_mine.html", context)


@page("report.make", methods=("GET", "HEAD", "POST"))
def fill(request: SeatedRequest, code: str) -> HttpResponse:
    """Make a report. What is refused stays as it was typed; sent twice it is one report."""
    queued = request.headers.get(OUTBOX) == QUEUED
    if queued and request.POST.get("who") != f"{request.seat.person_id}-{request.seat.post_id}":
        raise Problem("rights.denied", seat=request.seat.label, right="report.make")
    answers = _owed(request, queued=queued)
    made = _filled(request, request.seat, code, answers)
    if isinstance(made, HttpResponse):
        return made
    if not queued:
        messages.success(request, gettext("已报，回执号 %(n)s") % {"n": made})
    if OUTBOX in request.headers:
        return JsonResponse({"receipt": made}, status=201)
    return redirect("/m/reports")


def _owed(request: HttpRequest, *, queued: bool) -> Owed | None:
    """What the address names. What waited on a phone is taken although nobody owes it any more."""
    mark = request.GET.get("owed", "")
    try:
        return by_mark(mark, clock.now()) if mark else None
    except Problem:
        if not queued:
            raise
        return None


def by_link(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    """The same from the link of a reminder, without a log-in: the code is the proof of who it is,
    and it is good for what is owed alone."""
    seats = seats_of_person(delivery.person)
    seat = next((seat for seat in seats if seat.post_id == delivery.post_id), None)
    if seat is None:
        raise Problem("rights.no_seat")
    answers = by_mark(delivery.message.subject_id, clock.now())
    made = _filled(request, seat, answers.plan.form_code, answers)
    if isinstance(made, HttpResponse):
        return made
    return render(request, "web/report_done.html", {"receipt": made, "who": seat.label})


def _filled(
    request: HttpRequest, seat: Seat, code: str, answers: Owed | None
) -> HttpResponse | str:
    """The page of a form, or the receipt of a report that was made by it."""
    form = read.form(code)
    xform = read_xform(form.xform)
    if xform.repeats:
        raise Problem("form.repeats", form=form.title)
    about = request.GET.get("about", "") or request.POST.get("about", "")
    kind, _, key = about.partition(":")
    asks = _points_of(form, seat) if not answers and not request.GET.get("about") else None
    zero = "zero" in request.GET
    typed: dict[str, str] = {}
    wrong: dict[str, str] = {}
    instance = (request.POST.get("instance") or f"uuid:{uuid.uuid4()}")[:80]
    if request.method == "POST":
        typed = {q.path: " ".join(request.POST.getlist(q.path)).strip() for q in xform.questions}
        pairs = [(q, request.FILES.get(q.path)) for q in xform.questions]
        sent = [(q, file) for q, file in pairs if isinstance(file, UploadedFile)]
        typed |= {q.path: f"{q.name}-{Path(str(file.name)).name}" for q, file in sent}
        files = {typed[q.path]: file.read() for q, file in sent}
        raw = xml_of(form, typed, instance=instance)
        found = judge(xform, read_submission(raw), at=clock.now())
        wrong = {path: says for path, kind, says in found if kind in KEPT}
        if asks is not None and not key:
            wrong["about"] = gettext("选查的是哪一处")
        if not wrong or request.headers.get(OUTBOX) == QUEUED:  # kept, and judged then
            accept_report(
                raw=raw,
                by=seat,
                door="web",
                files=files,
                about=(kind, key),
                answers=answers,
                at=_made_at(request),
            )
            return instance[-8:]
    last = _last(form, seat, answers)
    questions = [
        {
            "q": q,
            "label": _label(q),
            "value": typed.get(q.path, "0" if zero and _counts(q) else ""),
            "picked": typed.get(q.path, "").split(),
            "wrong": wrong.get(q.path, ""),
            "last": last.get(q.path, ""),
            "choices": [(value, _word(words)) for value, words in q.choices],
        }
        for q in xform.questions
        if q.control and not (q.name == POINT and (key or asks is not None))
    ]
    context = {
        "form": form,
        "questions": questions,
        "instance": instance,
        "zero": zero,
        "answers": answers,
        "who": seat.label,
        "asks": asks,
        "about": about,
        "about_wrong": wrong.get("about", ""),
        "lost": answers is None and not key and _about_nothing(form, seat),
        "may_zero": asks is None and any(_counts(q) for q in xform.questions),
    }
    return render(request, "web/report_fill.html", context, status=422 if wrong else 200)


def _points_of(form: Form, seat: Seat) -> list[Site] | None:
    """What a check list may be about: the sites of its kinds that the seat answers for or that lie
    where it sits, its own first; None for a form that is no check list."""
    held = rules(clock.now())
    if form.code not in held.forms:
        return None
    kinds = [kind for kind in held.kinds if form.code in (held.form_of(kind), ANY_FORM)]
    mine = {t.site.pk for t in to_visit(seat.post_id or 0, clock.now())}
    here = Q(pk__in=mine) | Q(place__path__startswith=seat.place_path)
    rows = sites(seat=seat).filter(here, kind__in=kinds).select_related("place")
    return sorted(rows.order_by("code")[:MOST_POINTS], key=lambda s: (s.pk not in mine, s.code))


def _counts(question: Question) -> bool:
    """Whether nothing is a zero there: not of a number of all, which is unknown then."""
    return question.type in NUMBERS and question.appearance != OF_ALL


def _about_nothing(form: Form, seat: Seat) -> bool:
    """Whether a form asks about sites and the seat owes it about none: what it says would count for
    nobody."""
    now = clock.now()
    asked = [plan for plan in plans(now) if plan.form_code == form.code]
    if not asked or not all(plan.site_kind for plan in asked):
        return False
    mine = owed_by(the_post(seat.post_id), now) if seat.post_id else ()
    return all(one.plan.form_code != form.code for one in mine)


def _made_at(request: HttpRequest) -> datetime | None:
    """When a report was made that waited on the phone."""
    try:
        at = datetime.fromisoformat(request.POST.get("made_at", ""))
    except ValueError:
        return None
    return at if at.tzinfo else None


@public
@require_safe
def worker_script(request: HttpRequest) -> HttpResponse:
    """The script by which the phone pages of reports work without a network; it must lie beside
    them."""
    path = finders.find("web/sw.js")
    return HttpResponse(Path(str(path)).read_bytes(), content_type="text/javascript")


def _last(form: Form, seat: Seat, answers: Owed | None) -> dict[str, str]:
    """What was said last of the same thing: shown beside, never taken by itself."""
    post = answers.post.pk if answers and answers.post else seat.post_id or 0
    rows = Report.objects.filter(form__code=form.code, post_id=post, current=True)
    if answers and answers.site:
        rows = rows.filter(about_kind=answers.site.kind, about_key=answers.site.code)
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
    shown = [_word(words[part]) for part in str(answer).split() if part in words]
    return "、".join(shown) or str(answer)
