"""Reports from tables and from files of XML: one way in, that of write.py."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.tables import Table, read_table
from fangxian.spine.observe.models import Form
from fangxian.spine.registry.models import Post
from fangxian.spine.registry.sites import site_kinds

from .write import accept_report, xml_of
from .xform import XForm, read_xform

OURS = {
    "编号": "instance",
    "时间": "at",
    "填报时间": "at",
    "单位": "organisation",
    "岗位": "post",
    "场所种类": "site_kind",
    "场所编号": "site",
}


def bring_in(*, form_code: str, path: Path, by: Seat) -> dict[str, Any]:
    """Take a table (heads are names or labels of questions; ``instance`` or ``编号`` makes a row
    the same report whenever it comes; 单位 and 岗位 say whose it is) or one submission as XML. A
    bad row fails alone."""
    told: dict[str, Any] = {"file": path.name, "new": 0, "known": 0, "findings": 0, "errors": []}
    form = Form.objects.filter(code=form_code, ended_at=None).first()
    if form is None:
        raise Problem("form.unknown", form=form_code, version="—")
    if path.suffix.lower() == ".xml":
        _take(path.read_bytes(), by, told, where=path.name)
        return told
    xform = read_xform(form.xform)
    heads = _heads(xform)
    table = read_table(path, known=[*heads.values()], aliases=heads)
    times = table.moments("at") if "at" in table.columns else [None] * len(table.rows)
    for n in range(len(table.rows)):
        answers = {
            q.path: table.text(n, q.name) for q in xform.questions if q.name in table.columns
        }
        own = table.text(n, "instance") if "instance" in table.columns else ""
        key = own or "|".join([form.code, *answers.values(), str(times[n] and times[n].label)])  # type: ignore[union-attr]
        instance = own or f"uuid:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        raw = xml_of(form, answers, instance=instance)
        at = times[n].at if times[n] else None  # type: ignore[union-attr]
        where = f"{path.name} {table.sheets[n]} {table.lines[n]}"
        try:
            post, about = _post(table, n), _about(table, n)
        except Problem as problem:
            told["errors"].append(f"{where}: {problem.text('zh')}")
            continue
        _take(raw, by, told, where=where, at=at or clock.now(), post=post, about=about)
    told["errors"] += [error.text("zh") for error in table.errors]
    told["unused"] = table.unused()
    return told


def _post(table: Table, n: int) -> Post | None:
    """The post a row names, if it does. Raises ``not_found``."""
    names = [table.text(n, c) if c in table.columns else "" for c in ("organisation", "post")]
    if not any(names):
        return None
    rows = Post.objects.filter(organisation__name=names[0]).select_related("place")
    found = rows.filter(name=names[1]).first() if names[1] else rows.first()
    if found is None:
        raise Problem("not_found", what=" ".join(names))
    return found


def _about(table: Table, n: int) -> tuple[str, str]:
    kind, code = (table.text(n, c) if c in table.columns else "" for c in ("site_kind", "site"))
    words = site_kinds()
    return next((k for k, kind_ in words.items() if kind_.zh == kind), kind), code


def _heads(xform: XForm) -> dict[str, str]:
    found = {**{name: name for name in OURS.values()}, **OURS}
    for question in xform.questions:
        found[question.name.casefold()] = question.name
        for label in question.label.values():
            found.setdefault(label.casefold(), question.name)
    return found


def _take(
    raw: bytes,
    by: Seat,
    told: dict[str, Any],
    *,
    where: str,
    at: datetime | None = None,
    post: Post | None = None,
    about: tuple[str, str] = ("", ""),
) -> None:
    try:
        report, new = accept_report(raw=raw, by=by, door="table", at=at, post=post, about=about)
    except Problem as problem:
        told["errors"].append(f"{where}: {problem.text('zh')}")
        return
    told["new" if new else "known"] += 1
    told["findings"] += bool(report.findings)
