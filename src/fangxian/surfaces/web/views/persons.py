"""Persons of the city: always masked, in clear only with a purpose; pairs joined or kept apart."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext

from fangxian.spine.core.events import history
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import may
from fangxian.spine.people import read, write
from fangxian.spine.people.models import Glass, Pair, Person
from fangxian.surfaces.web.page import SeatedRequest, action, page, text

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


def _person(key: int, request: SeatedRequest) -> Person:
    """A person the seat may know of: of its places, or by a broken glass."""
    found = Person.objects.filter(pk=key).select_related("place").first()
    if found is None or not may(request.seat, "map.read", place=found.place.path):
        raise Problem("not_found", what=str(key))
    return found


@page("map.read", methods=("GET", "HEAD", "POST"))
def one(request: SeatedRequest, key: int) -> HttpResponse:
    """A person masked; who he is only by a POST that says what for. Nothing of it is in the
    address."""
    person = _person(key, request)
    shown = None
    if request.method == "POST":
        (record,) = read.reveal([person], purpose=text(request, "purpose"), seat=request.seat)
        n = 1 if (get_language() or "zh").startswith("en") else 0
        shown = [(words[n], getattr(record, name)) for name, words in WORDS.items()]
    context = {
        "room": "registers",
        "person": person,
        "record": shown,
        "may_see": read.may_see(person, seat=request.seat),
        "may_break": may(request.seat, "people.break_glass", place=person.place.path),
        "events": history(person).filter(kind__in=READS).order_by("-id")[:50],
    }
    answer = render(request, "web/person.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@action("people.break_glass")
def glass(request: SeatedRequest, key: int) -> HttpResponse:
    person = _person(key, request)
    write.break_glass(person=person, reason=text(request, "reason"), by=request.seat)
    messages.success(request, gettext("三小时内可以查看；已记录，待复核。"))
    return redirect(f"/persons/{key}")


@action("people.review")
def review(request: SeatedRequest, key: int) -> HttpResponse:
    found = Glass.objects.filter(pk=key).select_related("person__place").first()
    if found is None:
        raise Problem("not_found", what=str(key))
    write.review_glass(glass=found, by=request.seat)
    messages.success(request, gettext("已复核。"))
    return redirect("/registers/glasses")


@action("people.merge")
def pair(request: SeatedRequest, key: int) -> HttpResponse:
    """One person, or two: either is remembered and can be taken back."""
    found = Pair.objects.filter(pk=key).select_related("one__place", "other__place").first()
    if found is None:
        raise Problem("not_found", what=str(key))
    if text(request, "verb") == "join":
        write.join(pair=found, by=request.seat)
        messages.success(request, gettext("已合为一人，可撤销。"))
    else:
        write.part(pair=found, by=request.seat)
        messages.success(request, gettext("已记为两人，不再提示。"))
    return redirect("/registers/pairs")
