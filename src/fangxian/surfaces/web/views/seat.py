"""Taking another of one's own seats: who holds several posts says as which he acts."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from fangxian.spine.core.page import public, whole
from fangxian.spine.core.problems import Problem
from fangxian.spine.registry.read import seats_of
from fangxian.surfaces.web.middleware import CHOSEN


@public
def take(request: HttpRequest) -> HttpResponse:
    """Only a seat of one's own; it is kept for this log-in."""
    key = whole(request, "post")
    seat = next((s for s in seats_of(request.user) if s.post_id == key), None)
    if request.method != "POST" or seat is None:
        raise Problem("rights.no_seat")
    request.session[CHOSEN] = key
    messages.success(request, gettext("现在以“%(seat)s”办理。") % {"seat": seat.label})
    return redirect("/")
