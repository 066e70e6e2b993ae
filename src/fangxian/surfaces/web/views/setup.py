"""Setting up a city: what is missing, and every table of the door as a page: template, export,
import with its differences shown first, one row as a form, undo."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext

from fangxian.spine.core import clock
from fangxian.spine.core.door import (
    DOORS,
    Door,
    door,
    examine,
    in_scope,
    rows_of,
    take,
    tell_export,
)
from fangxian.spine.core.door_tables import csv_text, difference, read_given, workbook
from fangxian.spine.core.door_undo import undo
from fangxian.spine.core.models import Import
from fangxian.spine.core.page import SeatedRequest, action, cut, page, text
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require_sight, visible
from fangxian.spine.core.tables.book import errors_book
from fangxian.spine.cover.read import open_gaps
from fangxian.spine.registry import accounts
from fangxian.surfaces.web import uploads
from fangxian.surfaces.web.forms import row_form
from fangxian.surfaces.web.tables import XLSX
from fangxian.wiring import COVER

PER_PAGE = 50
MOST_SHOWN = 200  # differences and errors on one page; all are counted


@page("register.read")
def index(request: SeatedRequest) -> HttpResponse:
    """What a city needs, table by table, and what of it is missing now."""
    zh = _zh()
    mended = {rule.code: rule.door for rule in COVER if rule.door}
    gaps: dict[str, dict[str, int]] = {}
    for rule in open_gaps(seat=request.seat).filter(rule__in=mended).values_list("rule", flat=True):
        of_table = gaps.setdefault(mended[rule], {})
        of_table[rule] = of_table.get(rule, 0) + 1
    names = {rule.code: rule.name_zh if zh else rule.name_en for rule in COVER}
    rows = [
        {
            "door": one,
            "name": one.zh if zh else one.en,
            "hint": (one.hint_zh if zh else one.hint_en) or one.hint_zh,
            "n": len(rows_of(one, seat=request.seat)),
            "gaps": [(code, names[code], n) for code, n in gaps.get(one.code, {}).items()],
            "may": visible(request.seat, one.right) is not None,
        }
        for one in DOORS.values()
        if visible(request.seat, one.reads) is not None
    ]
    others = open_gaps(seat=request.seat).exclude(rule__in=mended).count()
    return render(request, "web/setup.html", {"room": "registers", "rows": rows, "others": others})


@page("register.read")
def table(request: SeatedRequest, kind: str) -> HttpResponse:
    """One table: what is there, and the ways in and out."""
    one = door(kind)
    wanted = text_of(request, "q")
    rows = rows_of(one, seat=request.seat)
    if wanted:
        rows = [row for row in rows if any(wanted in v for v in one.masked(row).values())]
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    zh = _zh()
    context = {
        "room": "registers",
        "door": one,
        "name": one.zh if zh else one.en,
        "hint": (one.hint_zh if zh else one.hint_en) or one.hint_zh,
        "heads": [column.zh if zh else column.en for column in one.fields],
        "page": shown,
        "total": len(rows),
        "q": wanted,
        "table": [
            (_key_query(one, row), [one.masked(row)[c.name] for c in one.fields]) for row in shown
        ],
        "extra": urlencode({"q": wanted}) if wanted else "",
        "imports": cut(_imports(kind, request.seat), 10),
        "may": visible(request.seat, one.right) is not None,
        "frames": any(column.name == "frame" for column in one.fields),
    }
    return render(request, "web/setup_table.html", context)


def _imports(kind: str, seat: Seat) -> QuerySet[Import]:
    """What was brought in: by anybody for who writes the whole city's registers, else one's own."""
    rows = Import.objects.filter(kind=kind).order_by("-pk")
    city_wide = visible(seat, "register.write") is not None and seat.level == "city"
    return rows if city_wide else rows.filter(by=seat.label)


@page("register.read")
def export(request: SeatedRequest, kind: str, form: str) -> HttpResponse:
    """The table to take away: xlsx or CSV, or the empty template. Secrets stay masked."""
    one, seat = door(kind), request.seat
    require_sight(seat, one.reads)
    rows = [] if form == "template" else rows_of(one, seat=seat)
    if rows:
        tell_export(one.code, len(rows), by=seat)
    if form == "csv":
        answer = HttpResponse(csv_text(one, rows, zh=_zh()), content_type="text/csv; charset=utf-8")
    else:
        lists = visible(seat, one.reads) == ""
        book = workbook(one, rows, zh=_zh(), who=seat.label, lists=lists)
        answer = HttpResponse(book, content_type=XLSX)
    name = f"{kind}-{clock.beijing(clock.now()):%Y%m%d%H%M}" if rows else f"{kind}-template"
    ending = "csv" if form == "csv" else "xlsx"
    answer["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return answer


@action("register.read")
def look(request: SeatedRequest, kind: str) -> HttpResponse:
    """A table that was sent: what it would change, and what is wrong in it. Nothing is written."""
    one = door(kind)
    require_sight(request.seat, one.right)
    sent, pasted = request.FILES.get("file"), request.POST.get("pasted", "")
    if sent is not None:
        token = uploads.keep(str(sent.name or "table.xlsx"), sent.read(uploads.MOST + 1))
    elif pasted.strip():
        # blanks at the end of a line are empty cells
        token = uploads.keep("pasted.csv", pasted.strip("\r\n").encode())
    else:
        raise Problem("input.invalid", field="file", why=gettext("请选择文件或粘贴表格"))
    return _looked_at(request, one, token, text(request, "frame"))


def _looked_at(request: SeatedRequest, one: Door, token: str, frame: str) -> HttpResponse:
    with uploads.opened(token) as path:
        given = read_given(one, path, always={"frame": frame} if frame else {})
        found = examine(one, given.rows, by=request.seat)
        errors = given.errors(found)
    zh = _zh()
    changes = [difference(one, change, zh=zh) for change in [*found.implied, *found.changes]]
    told = [(e.cell, e.head or e.name, e.zh if zh else e.en) for e in errors]
    context = {
        "room": "registers",
        "door": one,
        "name": one.zh if zh else one.en,
        "token": token,
        "frame": frame,
        "found": found,
        "changes": cut(changes, MOST_SHOWN),
        "errors": cut(told, MOST_SHOWN),
        "n_errors": len(errors),
        "unused": given.table.unused(),
        "points": [
            [float(c.after["lon"]), float(c.after["lat"]), c.after["name"]]
            for c in found.changes[:5000]
            if c.after and c.after.get("lon") and c.after.get("lat")
        ],
    }
    return render(request, "web/setup_look.html", context)


@action("register.read")
def take_in(request: SeatedRequest, kind: str) -> HttpResponse:
    """Make the changes of a table that was looked at: all of it, or the rows without errors."""
    one = door(kind)
    token, frame = text(request, "token", most=80), text(request, "frame")
    with uploads.opened(token) as path:
        given = read_given(one, path, always={"frame": frame} if frame else {})
        if given.table.errors and text(request, "how") != "valid":
            raise Problem("door.errors", n=len(given.table.errors))
        found, row = take(
            one,
            given.rows,
            by=request.seat,
            source=path.name,
            valid_rows=text(request, "how") == "valid",
        )
    uploads.drop(token)
    told = {"made": found.made, "changed": found.changed, "bad": found.bad_rows}
    if row is None:
        messages.success(request, gettext("表中没有改动。"))
    else:
        messages.success(
            request,
            gettext("已导入：新增 %(made)d 行，改动 %(changed)d 行，跳过有误的 %(bad)d 行。")
            % told,
        )
    return redirect(f"/setup/{kind}")


@action("register.read")
def wrong(request: SeatedRequest, kind: str) -> HttpResponse:
    """The table that was sent, with what is wrong marked in its cells."""
    one = door(kind)
    require_sight(request.seat, one.right)
    token, frame = text(request, "token", most=80), text(request, "frame")
    with uploads.opened(token) as path:
        given = read_given(one, path, always={"frame": frame} if frame else {})
        found = examine(one, given.rows, by=request.seat)
        book = errors_book(path, given.errors(found))
    answer = HttpResponse(book, content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{kind}-errors.xlsx"'
    return answer


@action("register.read")
def take_back(request: SeatedRequest, kind: str, key: int) -> HttpResponse:
    """Undo an import."""
    row = Import.objects.filter(kind=kind, pk=key).first()
    if row is None:
        raise Problem("not_found", what=str(key))
    require_sight(request.seat, door(kind).right)
    n = undo(row, by=request.seat)
    messages.success(request, gettext("已撤销，%(n)d 行恢复原样。") % {"n": n})
    return redirect(f"/setup/{kind}")


@page("register.read", methods=("GET", "HEAD", "POST"))
def row(request: SeatedRequest, kind: str) -> HttpResponse:
    """One row as a form: a new one, or the one its key names. What is refused stays as typed."""
    one = door(kind)
    require_sight(request.seat, one.right)
    look_ = one.look()
    key = tuple(request.GET.getlist("k"))
    before = one.there(look_).get(key) if key else None
    seen = before and in_scope(request.seat, one.reads, one.scope(before, look_))
    if key and not seen:
        raise Problem("not_found", what=" ".join(key))
    start = (
        one.masked(before) if before else {f.name: request.GET.get(f.name, "") for f in one.fields}
    )
    form = row_form(one, look_, start, zh=_zh(), data=request.POST or None, fixed=bool(before))
    if request.method == "POST" and form.is_valid():
        given = {**({k: before[k] for k in one.key} if before else {}), **form.cleaned_data}
        found = examine(one, [given], by=request.seat)
        for _, column, zh, en in found.wrong:
            form.add_error(column if column in form.fields else None, zh if _zh() else en)
        if not found.wrong:
            take(one, [given], by=request.seat, source=gettext("页面登记"))
            messages.success(request, gettext("已登记。"))
            return redirect(f"/setup/{kind}")
    context = {
        "room": "registers",
        "door": one,
        "name": one.zh if _zh() else one.en,
        "form": form,
        "before": before,
        "key": " ".join(key),
    }
    status = 422 if form.errors else 200
    return render(request, "web/setup_row.html", context, status=status)


def _key_query(one: Door, row: dict[str, str]) -> str:
    return urlencode([("k", row[name]) for name in one.key])


def _zh() -> bool:
    return not (get_language() or "zh").startswith("en")


def text_of(request: SeatedRequest, name: str) -> str:
    return (request.GET.get(name) or "").strip()[:100]


@page("register.write", methods=("GET", "HEAD", "POST"))
def links(request: SeatedRequest) -> HttpResponse:
    """Accounts, and a link for one to set its password by."""
    wanted = text(request, "username", most=40)
    rows = accounts.accounts(seat=request.seat)
    for row in rows:
        if wanted and row["username"] == wanted:
            row["link"] = accounts.password_link(username=wanted, by=request.seat)
    return render(request, "web/setup_links.html", {"room": "registers", "accounts": rows})
