"""A register as a page, and as a table to take away: CSV or xlsx of all that was asked for."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse

from fangxian.spine.core import clock
from fangxian.spine.core.door import tell_export
from fangxian.spine.core.registers import MASKED, Column, Register, dressed, select
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.tables.book import NOTES, guarded

from .roman import named, person_name
from .words import zh

PER_PAGE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
QUOTED = {"source", "clause", "document_no", "reason", "note", "text", "fields", "what"}
PEOPLE = {"holder", "person", "old", "new"}


def asked_of(request: HttpRequest) -> dict[str, str]:
    """What the address asks for, without the page and the form it is wanted in."""
    own = ("page", "as", "hq")
    return {k: v[:100] for k, v in request.GET.items() if k not in own and isinstance(v, str)}


def page_of(request: HttpRequest, one: Register, *, seat: Seat) -> dict[str, Any]:
    """Everything the one template of registers needs."""
    asked = asked_of(request)
    rows = select(one, seat=seat, asked=asked)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    columns = [column for column in one.columns if column.page]
    shown = [
        {"row": row, "cells": [_cell(column, row_dressed, seat) for column in columns]}
        for row, row_dressed in zip(page, dressed(one, list(page)), strict=True)
    ]
    filters = [
        {
            "name": choice.name,
            "word": choice.zh if zh() else choice.en,
            "value": asked.get(choice.name, ""),
            "choices": [(v, words[0] if zh() else words[1]) for v, words in choice.choices(seat)],
        }
        for choice in one.filters
    ]
    return {
        "register": one,
        "title": one.name("zh" if zh() else "en"),
        "page": page,
        "total": page.paginator.count,
        "heads": [_head(column, asked) for column in columns],
        "shown": shown,
        "filters": filters,
        "q": asked.get("q", ""),
        "can_search": bool(one.search or one.find),
        "asked": urlencode(asked),
        **(one.beside(seat) if one.beside else {}),
    }


def _head(column: Column, asked: Mapping[str, str]) -> dict[str, Any]:
    now = asked.get("sort", "")
    direction = {column.name: "ascending", f"-{column.name}": "descending"}.get(now, "")
    target = f"-{column.name}" if direction == "ascending" else column.name
    return {
        "word": column.zh if zh() else column.en,
        "number": column.kind == "number",
        "direction": direction,
        "sort": urlencode({**asked, "sort": target}) if column.sort else "",
    }


def _cell(column: Column, row: Any, seat: Seat) -> dict[str, Any]:
    value = column.of(row, seat)
    told = value
    if column.words and value not in (None, MASKED):
        told = column.words(value)[0 if zh() else 1]
    return {
        "kind": column.kind,
        "value": value,
        "text": _in_letters(column, _text(told)),
        "link": column.link(row) if column.link else "",
    }


def _in_letters(column: Column, told: str) -> str:
    """A name as the reader can say it; what a person wrote stays as it was written."""
    if column.name in QUOTED:
        return told
    return person_name(told) if column.name in PEOPLE else named(told)


def _text(value: Any) -> str:
    """A value as a person reads it; what is not there is a dash, never nothing."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "✓" if value else "—"
    if isinstance(value, datetime):
        return f"{clock.beijing(value):%Y-%m-%d %H:%M}"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:g}" if isinstance(value, float) else str(value)


def download(one: Register, *, seat: Seat, asked: Mapping[str, str], form: str) -> HttpResponse:
    """All rows that were asked for, whatever the page."""
    rows = select(one, seat=seat, asked=asked)
    head = [column.zh if zh() else column.en for column in one.columns]
    lines = _lines(one, rows, seat)
    tell_export(one.code, rows.count(), by=seat)
    if form == "xlsx":
        answer = HttpResponse(_workbook(head, lines, mark=_mark(seat)), content_type=XLSX)
    else:
        out = io.StringIO()
        csv.writer(out).writerows([head, *lines])
        answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"{one.code}-{clock.beijing(clock.now()):%Y%m%d%H%M}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _lines(one: Register, rows: Any, seat: Seat) -> Iterator[list[Any]]:
    for at in range(0, rows.count(), 1000):
        for row in dressed(one, list(rows[at : at + 1000])):
            yield [_plain(column.of(row, seat)) for column in one.columns]


def _plain(value: Any) -> Any:
    """A value for a table. A text that a spreadsheet would run as a formula is kept a text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{clock.beijing(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        return guarded(value)
    return value if isinstance(value, int | float) else str(value)


def _mark(seat: Seat) -> str:
    return f"{seat.label} {clock.beijing(clock.now()):%Y-%m-%d %H:%M}"


def _workbook(head: list[str], lines: Iterable[list[Any]], *, mark: str) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet, notes = book.create_sheet(), book.create_sheet(NOTES)
    sheet.oddFooter.center.text = mark
    notes.append([mark])
    sheet.append(head)
    for line in lines:
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
