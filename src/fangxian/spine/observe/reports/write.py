"""Services of forms, reports and plans, the only writers of their tables. Whatever the door, a
report is kept first and judged then: what is wrong with it is a finding, never a loss."""

import hashlib
import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from django.db import IntegrityError, transaction
from django.db.models import Q

from fangxian.spine.core import clock
from fangxian.spine.core.config import config
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require
from fangxian.spine.core.steps import Machine, Step, move
from fangxian.spine.observe.models import Device, Form, Report, ReportFile
from fangxian.spine.registry.models import Duty, Place, Post, Site
from fangxian.spine.registry.models import Person as OfficeHolder
from fangxian.spine.registry.read import city, city_path, seats_of_person
from fangxian.spine.registry.sites import site_kinds

from .check import check_form
from .judge import judge, tree
from .plan import Owed, answered, owed_by
from .xform import BINARY, Submission, XForm, ended, read_submission, read_xform

FORMS = Path(__file__).parents[1] / "data" / "forms"
FORM = Machine(
    "form",
    states={"in_force": Q(ended_at__isnull=True), "ended": Q(ended_at__isnull=False)},
    sets={"in_force": {}, "ended": {}},
    steps={"end": Step(("in_force",), "ended", event="form.ended")},
    done=frozenset({"ended"}),
)


@transaction.atomic
def load_form(*, path: Path, by: Seat) -> Form:
    """Take a form into use: checked first, its version new; the one before ends. The same form
    again changes nothing. Raises ``form.invalid`` and ``form.version``."""
    require(by, "form.load", place=city_path())
    verdict = check_form(path)
    if not verdict.valid:
        raise Problem("form.invalid", file=path.name, why="; ".join(verdict.reasons)[:500])
    xform = read_xform(verdict.xform)
    digest = hashlib.md5(verdict.xform.encode(), usedforsecurity=False).hexdigest()
    code = xform.code if xform.code != "data" or path.suffix == ".xml" else path.stem
    there = Form.objects.filter(code=code, ended_at=None).first()
    if there and there.digest == digest:
        return there
    if Form.objects.filter(code=code, version=xform.version).exists():
        raise Problem("form.version", form=code, version=xform.version or "—")
    if there:
        move(there, "end", machine=FORM, by=by, ended_at=clock.now())
    form = Form.objects.create(
        code=code,
        version=xform.version,
        title=xform.title or code,
        xform=verdict.xform,
        itemsets=verdict.itemsets or "",
        digest=digest,
        source=path.name[:200],
        loaded_at=clock.now(),
    )
    record("form.loaded", subject=form, by=by, after={"code": code, "version": form.version})
    return form


def load_shipped_forms(folder: Path = FORMS, *, by: Seat) -> int:
    """Enter the forms that are shipped in a folder, each version once; how many were new."""
    known = set(Form.objects.values_list("source", "version"))
    fresh = [p for p in sorted(folder.glob("*.md")) if (p.name, _version(p)) not in known]
    for path in fresh:
        load_form(path=path, by=by)
    return len(fresh)


def _version(path: Path) -> str:
    """The version in the last cell of a form that is shipped."""
    return path.read_text().rstrip().rstrip("|").rsplit("|", 1)[-1].strip()


def form_of(sent: Submission) -> Form:
    """The form a submission was made with. Raises ``form.unknown``."""
    rows = Form.objects.filter(code=sent.code)
    form = rows.filter(version=sent.version).first()
    if form is None:
        raise Problem("form.unknown", form=sent.code or "—", version=sent.version or "—")
    return form


@transaction.atomic
def accept_report(
    *,
    raw: bytes,
    by: Seat,
    door: str,
    files: Mapping[str, bytes] | None = None,
    about: tuple[str, str] = ("", ""),
    at: datetime | None = None,
    answers: Owed | None = None,
    post: Post | None = None,
) -> tuple[Report, bool]:
    """Keep a submission; the report and whether it is new. The same again is the same report, and
    brings what files were missing. Another content under the same name is refused
    (``report.differs``); an edit is kept although what it follows has not come yet. ``answers`` is
    what is owed and made by this, perhaps for another post; without it the nearest that ``post``
    owes, else the seat. ``at`` is when it was made: else the end that it says itself, else now."""
    if answers is not None:
        post = answers.post
    elif post is None and by.post_id:
        post = Post.objects.select_related("place").get(pk=by.post_id)
    site = answers.site if answers else site_about(about)
    place = site.place if site else post.place if post else _place(by)
    if post is not None and post.pk == by.post_id and (site is None or answers_for(post, site)):
        require(by, "report.make", posts=(by.post_id,))
    else:  # in somebody's stead, or about a thing that is not one's own
        require(by, "report.make_for", place=place.path)
    sent = read_submission(raw)
    form = form_of(sent)
    digest = hashlib.sha256(raw).hexdigest()
    there = Report.objects.select_for_update().filter(instance=sent.instance).first()
    if there is not None:
        if there.digest != digest:
            raise Problem("report.differs", instance=sent.instance)
        _keep_files(there, files or {})
        return there, False
    xform = read_xform(form.xform)
    now = clock.now()
    at = min(at or ended(xform, sent) or now, now)
    lon, lat = _position(xform, sent)
    if answers is None:
        answers = answered(post, form=form.code, at=at, about=about)
        site = site or (answers.site if answers else None)
    report = Report(
        form=form,
        instance=sent.instance,
        follows=sent.follows,
        about_kind=site.kind if site else about[0],
        about_key=site.code if site else about[1],
        plan=answers.plan if answers else None,
        due_at=answers.due_at if answers else None,
        place=site.place if site else place,
        post=post,
        by=by.label,
        at=at,
        received_at=now,
        lon=lon,
        lat=lat,
        answers=sent.answers,
        xml=raw.decode("utf-8", "replace"),
        digest=digest,
        missing_files=_files_named(xform, sent),
        findings=[list(finding) for finding in judge(xform, sent, at=at)],
        door=door,
    )
    try:
        with transaction.atomic():
            report.save()
    except IntegrityError:  # another process was first with the same
        return Report.objects.get(instance=sent.instance), False
    _keep_files(report, files or {})
    _link(report)
    told = {"form": form.code, "door": door, "findings": len(report.findings)}
    told |= {"late": True} if report.late else {}
    record("report.made", subject=report, by=by, after=told)
    return report, True


@transaction.atomic
def set_about(*, report: Report, site: Site, by: Seat) -> Report:
    """What a report is about, where only its answers say it."""
    require(by, "report.make_for", place=site.place.path)
    about = {"about_kind": site.kind, "about_key": site.code, "place": site.place}
    Report.objects.filter(pk=report.pk).update(**about)
    report.refresh_from_db()
    record("report.about", subject=report, by=by, after={"about": f"{site.kind}:{site.code}"})
    return report


def answers_for(post: Post, site: Site) -> bool:
    """Whether a site is a post's own: of its organisation, or its duty in any role."""
    if site.organisation_id is not None and site.organisation_id == post.organisation_id:
        return True
    own = Duty.objects.filter(rows_in_force(clock.now()), post=post)
    return own.filter(thing_kind=site.kind, thing_id=site.code).exists()


def site_about(about: tuple[str, str]) -> Site | None:
    """The site a report is about, if it is one. Raises ``not_found`` for one that is not there."""
    if about[0] not in site_kinds():
        return None
    found = Site.objects.filter(kind=about[0], code=about[1]).select_related("place").first()
    if found is None:
        raise Problem("not_found", what=about[1])
    return found


def _place(by: Seat) -> Place:
    return Place.objects.filter(path=by.place_path).first() or city()


def _position(xform: XForm, sent: Submission) -> tuple[float | None, float | None]:
    """Where it was made, if a question asks it: latitude first, as the format has it."""
    for question in xform.questions:
        text = sent.answers.get(question.path, "")
        if question.type == "geopoint" and text:
            try:
                lat, lon = (float(part) for part in text.split()[:2])
            except ValueError:
                continue
            if not (-180 <= lon <= 180 and -90 <= lat <= 90):  # NaN is neither
                continue
            return lon, lat
    return None, None


def _files_named(xform: XForm, sent: Submission) -> list[str]:
    """Files that the answers name and that must come."""
    binary = {question.path for question in xform.questions if question.type in BINARY}
    return sorted({a for path, a in sent.answers.items() if path in binary and a})


def _keep_files(report: Report, files: Mapping[str, bytes]) -> None:
    """Write what came beside, each durably before anything says that it is here."""
    for name, content in files.items():
        digest = hashlib.sha256(content).hexdigest()
        row, _ = ReportFile.objects.get_or_create(
            report=report, name=name[:200], digest=digest, defaults={"size": len(content)}
        )
        path = file_of(row)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
    missing = [name for name in report.missing_files if name not in files]
    if missing != report.missing_files:
        report.missing_files = missing
        report.save(update_fields=["missing_files"])


def file_of(file: ReportFile) -> Path:
    """Where what came with a report lies."""
    return config().data_dir / "reports" / file.digest[:2] / file.digest


def _link(report: Report) -> None:
    """What an edit of the same post follows is not the current one any more, whichever of them came
    first; the edit answers what that did."""
    pair: tuple[Report | None, Report | None]
    pair = (Report.objects.filter(instance=report.follows or "-").first(), report)
    if pair[0] is None:
        pair = (report, Report.objects.filter(follows=report.instance).first())
    first, edit = pair
    if edit is None or first is None or edit.post_id != first.post_id:
        return  # nobody corrects what another has said
    first.current = report.current = report is edit
    Report.objects.filter(pk=first.pk).update(current=False)
    Report.objects.filter(pk=edit.pk).update(
        plan=first.plan, due_at=first.due_at, about_kind=first.about_kind, about_key=first.about_key
    )


def xml_of(form: Form, answers: Mapping[str, Any], *, instance: str) -> bytes:
    """A submission as a phone would make it, of answers by path: one way in for every door."""
    xform = read_xform(form.xform)
    body = tree(xform.root, {q.path: str(answers.get(q.path, "")) for q in xform.questions})
    head = f"<{xform.root} id={quoteattr(form.code)} version={quoteattr(form.version)}>"
    inner = body.partition(">")[2].rpartition("</")[0]
    meta = f"<meta><instanceID>{escape(instance)}</instanceID></meta>"
    return f"{head}{inner}{meta}</{xform.root}>".encode()


def answers_by_name(form: Form, given: Mapping[str, str]) -> dict[str, str]:
    """Answers by the names of questions, as answers by path. Raises ``input.invalid`` for a name
    the form has not."""
    paths = {question.name: question.path for question in read_xform(form.xform).questions}
    strange = sorted(set(given) - set(paths))
    if strange:
        why = f"{', '.join(strange)}；有 {', '.join(paths)}"
        raise Problem("input.invalid", field="answers", why=why)
    return {paths[name]: text for name, text in given.items()}


@transaction.atomic
def make_device(*, by: Seat) -> str:
    """A secret for one's own phone; shown once. Earlier ones of the same person end."""
    require(by, "report.make", posts=(by.post_id,))
    person = OfficeHolder.objects.filter(pk=by.person_id or 0).first()
    if person is None:
        raise Problem("rights.no_seat")
    Device.objects.filter(person=person, ended_at=None).update(ended_at=clock.now())
    token = secrets.token_urlsafe(24)
    digest = hashlib.sha256(token.encode()).hexdigest()
    device = Device.objects.create(person=person, digest=digest, made_at=clock.now())
    record("device.made", subject=device, by=by)
    return token


def seat_of_device(token: str, *, form: str = "") -> Seat | None:
    """Whose phone this is, by its secret; None for none, or for somebody out of office. Of several
    seats of one person the one that owes ``form``."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    row = Device.objects.filter(digest=digest, ended_at=None).select_related("person").first()
    if row is None:
        return None
    seats = seats_of_person(row.person)
    for seat in seats if form and len(seats) > 1 else ():
        post = Post.objects.select_related("place").get(pk=seat.post_id or 0)
        if any(one.plan.form_code == form for one in owed_by(post, clock.now())):
            return seat
    return next(iter(seats), None)
