"""Taking lists of risk areas in, and taking back what was listed in error."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Max

from fangxian.spine.core import clock
from fangxian.spine.core.events import record
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, require

from .lists import Area, Entry, RiskList, county_key, difference, read_list
from .models import County, Listing
from .models import RiskList as ListRow


@transaction.atomic
def take_list(*, raw: bytes, authority: str, by: Seat, source: str = "") -> ListRow:
    """Take a published list: areas that it adds begin at its time, those it leaves out end then.
    The same list again changes nothing. Raises ``json.unreadable``, and ``input.invalid`` for one
    that is not newer than the last of its authority."""
    require(by, "risk.list", place=by.place_path)
    digest = hashlib.sha256(raw).hexdigest()
    there = ListRow.objects.filter(authority=authority, digest=digest).first()
    if there is not None:
        return there
    new = read_list(raw, authority=authority, name=source)
    last = ListRow.objects.filter(authority=authority).aggregate(at=Max("published_at"))["at"]
    if last is not None and new.published_at <= last:
        own, held = f"{new.published_at:%m-%d %H:%M}", f"{clock.beijing(last):%m-%d %H:%M}"
        why = f"这份清单是 {own} 的，不比已有的 {held} 新 / {own} is not newer than {held}"
        raise Problem("input.invalid", field="end_update_time", why=why)
    if new.published_at > clock.now() + timedelta(hours=1):
        why = f"发布时间 {new.published_at:%Y-%m-%d %H:%M} 还没有到 / it is in the future"
        raise Problem("input.invalid", field="end_update_time", why=why)
    running = {
        (row.level, Area(row.county.province, row.county.city, row.county.county, row.part)): row
        for row in Listing.objects.filter(
            authority=authority, opened_by__isnull=False, until=None, withdrawn_at=None
        ).select_related("county")
    }
    before = RiskList(authority, last or new.published_at, frozenset(running), {})
    change = difference(before, new)
    row = ListRow.objects.create(
        authority=authority,
        published_at=new.published_at,
        digest=digest,
        counted=new.counted,
        notes=list(new.notes),
        added=len(change.added),
        removed=len(change.removed),
        moved=len(change.moved),
        source=source[:200],
        taken_at=clock.now(),
        taken_by=by.label,
    )
    gone = [running[entry].pk for entry in before.entries - new.entries]
    for at in range(0, len(gone), 900):
        ended = Listing.objects.filter(pk__in=gone[at : at + 900])
        ended.update(until=new.published_at, closed_by=row)
    _open(new.entries - before.entries, row)
    counts = {
        "authority": authority,
        "added": row.added,
        "removed": row.removed,
        "moved": row.moved,
    }
    record("risk.listed", subject=row, by=by, after=counts)
    return row


def _open(entries: Iterable[Entry], row: ListRow) -> None:
    entries = sorted(entries)
    counties = counties_of(area for _, area in entries)
    Listing.objects.bulk_create(
        (
            Listing(
                authority=row.authority,
                county_id=counties[area[:3]],
                part=area.part[:300],
                level=level,
                since=row.published_at,
                opened_by=row,
            )
            for level, area in entries
        ),
        batch_size=2000,
    )


@dataclass(frozen=True, slots=True)
class Notice:
    """An area or a venue with hours that an office names itself."""

    authority: str
    area: Area
    level: str
    since: datetime
    until: datetime | None = None
    hour_from: time | None = None
    hour_to: time | None = None
    source: str = ""
    code: str = ""


@transaction.atomic
def enter_notices(notices: Sequence[Notice], *, by: Seat) -> list[Listing]:
    """Notices beside the national list; each is told (``risk.noticed``), and whom it concerns is
    found."""
    require(by, "risk.list", place=by.place_path)
    counties = counties_of(one.area for one in notices)
    found = []
    for one in notices:
        row = Listing.objects.create(
            authority=one.authority[:40],
            county_id=counties[one.area[:3]],
            part=one.area.part[:300],
            level=one.level[:20],
            since=one.since,
            until=one.until,
            hour_from=one.hour_from,
            hour_to=one.hour_to,
            source=one.source[:200],
            code=one.code[:20],
        )
        record("risk.noticed", subject=row, by=by, after={"area": str(row), "level": row.level})
        found.append(row)
    return found


@transaction.atomic
def change_notice(*, listing: Listing, until: datetime | None, by: Seat) -> Listing:
    """When a notice ends; whom it concerned is planned anew."""
    require(by, "risk.list", place=by.place_path)
    before = listing.until
    Listing.objects.filter(pk=listing.pk).update(until=until)
    listing.refresh_from_db()
    told = {"until": until}
    record("risk.noticed", subject=listing, by=by, before={"until": before}, after=told)
    return listing


def counties_of(areas: Iterable[Area]) -> dict[tuple[str, str, str], int]:
    """The rows of counties by their names; made where they are new."""
    wanted = {area[:3]: county_key(area) for area in areas}
    there = dict(County.objects.values_list("key", "pk"))
    new: dict[str, County] = {}
    for (province, city, county), key in sorted(wanted.items()):
        if key not in there and key not in new:
            new[key] = County(province=province, city=city, county=county, key=key)
    County.objects.bulk_create(new.values())
    there |= {key: one.pk for key, one in new.items()}
    return {names: there[key] for names, key in wanted.items()}


@transaction.atomic
def withdraw_listing(*, listing: Listing, reason: str, by: Seat) -> None:
    """An area was listed in error: it never counted. Whoever got work of it is told
    (``risk.withdrawn`` causes it)."""
    require(by, "risk.list", place=by.place_path)
    if not reason.strip():
        raise Problem("input.reason_missing", field="reason")
    rows = Listing.objects.filter(pk=listing.pk, withdrawn_at=None)
    if not rows.update(withdrawn_at=clock.now(), withdrawn_why=reason.strip()[:200]):
        return
    record("risk.withdrawn", subject=listing, by=by, after={"area": str(listing)}, reason=reason)
