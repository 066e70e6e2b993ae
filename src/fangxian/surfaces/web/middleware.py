"""The number and the seat of each request, and what a refusal looks like to a person."""

import secrets
import time
from collections.abc import Callable
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, gettext

from fangxian.spine.core.config import config
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import second_factor_roles
from fangxian.spine.observe.moment import one_page
from fangxian.spine.registry.read import chosen_of, seats_of

MOVED = "moved_on"
MOVED_EVERY_S = 300.0
WITHOUT = ("/accounts/", "/static/", "/seat")
CHOSEN = "post"  # of the session: the post whose seat the user has taken


class NumberMiddleware(MiddlewareMixin):
    """Gives each request a number that can be read out on the phone: it stands on every page of a
    fault, in the answer's header and beside the traceback in the log. Never taken from outside."""

    def process_request(self, request: HttpRequest) -> None:
        request.number = secrets.token_hex(4)  # type: ignore[attr-defined]

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        response.headers["X-Request-ID"] = getattr(request, "number", "")
        return response


class SeatMiddleware:
    """Sets ``request.seats`` and ``request.seat`` (None without a term); turns a Problem into a
    page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        seats = SimpleLazyObject(lambda: seats_of(request.user))
        request.seats = seats  # type: ignore[attr-defined]
        request.seat = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: chosen_of(list(seats), request.session.get(CHOSEN))
        )
        with one_page() if request.method in {"GET", "HEAD"} else nullcontext():
            answer = self.get_response(request)
        broken = answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        if not broken and request.session.session_key and SESSION_KEY in request.session:
            request.user_is_known = True  # type: ignore[attr-defined]
            self._move_on(request)
        return answer

    @staticmethod
    def _move_on(request: HttpRequest) -> None:
        """A log-in ends when nothing was asked for so long; it is moved on every few minutes."""
        now_s = time.time()
        if now_s - request.session.get(MOVED, 0) > MOVED_EVERY_S:
            request.session[MOVED] = now_s
            request.session.save()

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Who decides or administers has a second factor before anything else is shown."""
        if not config().second_factor or config().drill or request.path.startswith(WITHOUT):
            return None
        if getattr(view, "right", "") == "public" or not request.user.is_authenticated:
            return None
        seat = request.seat  # type: ignore[attr-defined]
        if not seat or seat.role not in second_factor_roles() or is_mfa_enabled(request.user):
            return None
        if request.path.startswith("/api/"):
            return JsonResponse({"code": "rights.second_factor"}, status=403)
        why = gettext("您的岗位作出决定或管理账号，须先设置第二验证（手机验证器或安全密钥）。")
        messages.info(request, why)
        return redirect("mfa_index")

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Say what was refused, why and what to do."""
        if not isinstance(error, Problem):
            return None
        return problem_page(request, error)


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    context = {"problem": problem, "text": problem.text(get_language() or "zh")}
    return render(request, "web/problem.html", context, status=problem.status)
