"""What a program sends, taken at its word: one value a name, every name known, a number is a number
and a time is a text of ISO 8601."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Schema
from ninja.errors import HttpError
from ninja.parser import Parser
from pydantic import BeforeValidator, ConfigDict

from fangxian.spine.core import clock

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Strict(Schema):
    """A schema that guesses nothing."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _moment(given: Any) -> datetime:
    if not isinstance(given, str):
        raise ValueError("a text of ISO 8601, such as 2016-09-14T08:00:00+08:00")
    if "T" not in given and " " not in given:
        raise ValueError("a time of day is missing")
    at = datetime.fromisoformat(given)
    at = at if at.tzinfo else at.replace(tzinfo=clock.BEIJING)
    try:
        within = FIRST <= at <= LAST
    except OverflowError:
        within = False
    if not within:
        raise ValueError("between 1970 and 2100")
    return at


Moment = Annotated[datetime, BeforeValidator(_moment)]


class StrictParser(Parser):
    """JSON and nothing else, each name once, every text one that can be written down."""

    def parse_body(self, request: HttpRequest) -> Any:
        kind = request.headers.get("Content-Type", "").partition(";")[0].strip().casefold()
        if kind != "application/json":
            raise HttpError(415, f"application/json is due, not {kind[:40] or 'nothing'}")
        try:
            text = request.body.decode()
            found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
            if "\\u" in text:
                json.dumps(found, ensure_ascii=False).encode()
        except RecursionError:
            raise HttpError(400, "nested too deeply") from None
        except ValueError as error:
            raise HttpError(400, str(error)[:200]) from None
        return found


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:40]!r} stands twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")
