"""Persons of the city: always masked, in clear only with a purpose; pairs joined or kept apart."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from fangxian.spine.core import clock
from fangxian.spine.core.events import history
from fangxian.spine.core.page import SeatedRequest, action, page, text
from fangxian.spine.core.rights import may
from fangxian.spine.people import read, write
from fangxian.spine.people.rules import needs
from fangxian.surfaces.web.words import zh

WORDS = {
    "name": ("姓名", "Name"),
    "name_latin": ("拼音或外文名", "Name in letters"),
    "sex": ("性别", "Sex"),
    "birth": ("出生日期", "Born"),
    "id_kind": ("证件", "Document"),
    "id_number": ("证件号", "Number"),
    "phone": ("电话", "Phone"),
    "address": ("住址", "Address"),
}
READS = ("persons.read", "glass.broken")


@page("map.read", methods=("GET", "HEAD", "POST"))
def one(request: SeatedRequest, key: int) -> HttpResponse:
    """A person masked; who he is only by a POST that says what for. Nothing of it is in the
    address."""
    person = read.person(key, seat=request.seat)
    shown: list[tuple[str, str]] = []
    if request.method == "POST":
        (known,) = write.reveal([person], purpose=text(request, "purpose"), seat=request.seat)
        n = 0 if zh() else 1
        shown = [(words[n], getattr(known.record, name)) for name, words in WORDS.items()]
        kinds = needs(clock.now())
        told = [kinds.get(code, (code, code))[n] for code in known.needs]
        shown.append((gettext("需要的帮助"), "、".join(told)))
    context = {
        "room": "registers",
        "person": person,
        "record": shown,
        "may_see": read.may_see(person, seat=request.seat),
        "may_break": may(request.seat, "people.break_glass", place=person.place.path),
        "may_write": may(request.seat, "people.write", place=person.place.path),
        "household": read.household_of(person),
        "events": history(person).filter(kind__in=READS).order_by("-id")[:50],
        "n_events": history(person).filter(kind__in=READS).count(),
    }
    answer = render(request, "web/person.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@page("people.read", methods=("GET", "HEAD", "POST"))
def find(request: SeatedRequest) -> HttpResponse:
    """Who has this very number. It is sent in the body, so that no address keeps it."""
    if request.method == "POST":
        found = read.find_number(text(request, "number", most=40), seat=request.seat)
        if found is not None:
            return redirect(f"/persons/{found.pk}")
        messages.success(request, gettext("没有登记过这个号码。"))
    return render(request, "web/person_find.html", {"room": "registers"})


@action("people.write")
def link(request: SeatedRequest, key: int) -> HttpResponse:
    """This person is the office-holder of a staff number."""
    person = read.person(key, seat=request.seat)
    write.link_office_holder(person=person, code=text(request, "code", most=30), by=request.seat)
    messages.success(request, gettext("已关联。"))
    return redirect(f"/persons/{key}")


@action("people.break_glass")
def glass(request: SeatedRequest, key: int) -> HttpResponse:
    person = read.person(key, seat=request.seat)
    write.break_glass(person=person, reason=text(request, "reason"), by=request.seat)
    messages.success(request, gettext("三小时内可以查看；已记录，待复核。"))
    return redirect(f"/persons/{key}")


@action("people.review")
def review(request: SeatedRequest, key: int) -> HttpResponse:
    write.review_glass(glass=read.glass(key, seat=request.seat), by=request.seat)
    messages.success(request, gettext("已复核。"))
    return redirect("/registers/glasses")


@action("people.merge")
def pair(request: SeatedRequest, key: int) -> HttpResponse:
    """One person, or two: either is remembered and can be taken back."""
    found = read.pair(key, seat=request.seat)
    if text(request, "verb") == "join":
        write.join(pair=found, by=request.seat)
        messages.success(request, gettext("已合为一人，可撤销。"))
    else:
        write.part(pair=found, by=request.seat)
        messages.success(request, gettext("已记为两人，不再提示。"))
    return redirect("/registers/pairs")
