"""The number and the seat of each request, and what a refusal looks like to a person."""

import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from fangxian.spine.core.problems import Problem
from fangxian.spine.registry.read import seat_of

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
    """Sets ``request.seat`` (None without a term) and turns a Problem into a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.seat = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: seat_of(request.user, post_id=request.session.get(CHOSEN))
        )
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Say what was refused, why and what to do."""
        if not isinstance(error, Problem):
            return None
        return problem_page(request, error)


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    context = {"problem": problem, "text": problem.text(get_language() or "zh")}
    return render(request, "web/problem.html", context, status=problem.status)
