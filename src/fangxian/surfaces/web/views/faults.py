"""The page of a fault of ours. It asks neither database nor log-in: they may be what broke."""

import logging
import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

log = logging.getLogger("fangxian.web")


def broken(request: HttpRequest) -> HttpResponse:
    """Says that we failed and under which number; the traceback goes to the log under the same."""
    number = getattr(request, "number", "")
    log.error(
        "request.failed number=%s method=%s path=%s",
        number,
        request.method,
        request.path.encode("unicode_escape").decode(),
        exc_info=sys.exc_info(),
    )
    kept = request.COOKIES.get("theme", "")
    # without the request: no context processor runs
    page = render_to_string("500.html", {"number": number, "theme_kept": kept})
    answer = HttpResponse(page, status=500)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # once, with its number
    return answer
