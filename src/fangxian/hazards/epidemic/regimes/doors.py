"""The door of notices: areas and venues that an office or another city names itself, with their own
dates and hours, beside the national list."""

import re
from collections.abc import Iterable, Sequence
from datetime import time

from fangxian.spine.core.canon import moment, moment_text, short, to_moment
from fangxian.spine.core.door import Change, Door, Field, Key, Look, Row, Wrong
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.tables import UnreadableError

from .lists import Area
from .models import Listing
from .write import Notice, change_notice, enter_notices, withdraw_listing

HOUR = re.compile(r"([01]?\d|2[0-3])[:：]([0-5]\d)")


def _hour(text: str) -> str:
    found = HOUR.fullmatch(text.strip())
    if found is None:
        raise UnreadableError(f"“{text}”不是时刻，应如 18:00", f"{text!r} is no hour such as 18:00")
    return f"{int(found[1]):02d}:{found[2]}"


class NoticeLook(Look):
    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, Listing] = {}
        self.last = 0


def _there(look: NoticeLook) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    for one in Listing.objects.exclude(code="").select_related("county"):
        code = one.code
        if code[1:].isdecimal():
            look.last = max(look.last, int(code[1:]))
        if one.withdrawn_at is not None:
            continue
        look.rows[code] = one
        found[code,] = {
            "code": code,
            "authority": one.authority,
            "level": one.level,
            "province": one.county.province,
            "city": one.county.city,
            "county": one.county.county,
            "part": one.part,
            "since": moment_text(one.since),
            "until": moment_text(one.until),
            "hour_from": f"{one.hour_from:%H:%M}" if one.hour_from else "",
            "hour_to": f"{one.hour_to:%H:%M}" if one.hour_to else "",
            "source": one.source,
        }
    return found


def _fill(row: Row, there: dict[Key, Row], look: NoticeLook) -> None:
    if not row.get("code"):
        look.last += 1
        row["code"] = f"N{look.last:05d}"


def _judge(row: Row, before: Row | None, look: NoticeLook) -> Iterable[Wrong]:
    since, until = to_moment(row["since"]), to_moment(row["until"])
    if since and until and until < since:
        yield "until", "移出早于列入", "it ends before it begins"
    if bool(row["hour_from"]) != bool(row["hour_to"]):
        yield "hour_to", "起止时刻要一起写", "both hours or none"
    if before is not None:
        fixed = ("authority", "level", "province", "city", "county", "part", "since")
        for name in fixed:
            if row[name] != before[name]:
                zh = "已下达核查，只能改移出时间；列错了请删除这一行再新增"
                yield name, zh, "checks were made of it; delete the row and enter it anew"


def _notice(row: Row) -> Notice:
    since = to_moment(row["since"])
    assert since is not None  # noqa: S101 - needed
    hours = [time.fromisoformat(row[name]) if row[name] else None for name in HOURS]
    return Notice(
        row["authority"],
        Area(row["province"], row["city"], row["county"], row["part"]),
        row["level"],
        since,
        to_moment(row["until"]),
        hours[0],
        hours[1],
        row["source"],
        row["code"],
    )


HOURS = ("hour_from", "hour_to")


def _write(changes: Sequence[Change], by: Seat, look: NoticeLook) -> None:
    for change in changes:
        one = look.rows.get(change.key[0])
        if change.after is None:
            if one is not None:
                withdraw_listing(listing=one, reason="表格中删除", by=by)
        elif one is None:
            [made] = enter_notices([_notice(change.after)], by=by)
            look.rows[change.key[0]] = made
        else:
            change_notice(listing=one, until=to_moment(change.after["until"]), by=by)


NOTICES = Door(
    code="risk_notices",
    zh="风险地区通告",
    en="Notices of risk areas",
    fields=(
        Field("code", "编号", "No.", short(20), hint_zh="留空自动编号"),
        Field("authority", "发布机关", "Authority", short(40), needed=True, example="漳州市"),
        Field("level", "等级", "Level", short(20), needed=True, example="high"),
        Field("province", "省", "Province", short(40), needed=True),
        Field("city", "市", "City", short(40)),
        Field("county", "县（区）", "County", short(60), needed=True),
        Field("part", "范围或场所", "Part or venue", short(300)),
        Field("since", "从", "From", moment, needed=True, example="2022-07-26 00:00"),
        Field("until", "到", "To", moment),
        Field("hour_from", "场所从几点", "Hour from", _hour, example="18:00"),
        Field("hour_to", "场所到几点", "Hour to", _hour, example="19:00"),
        Field("source", "出处", "Source", short(200)),
    ),
    key=("code",),
    look=NoticeLook,
    there=_there,
    scope=lambda row, look: None,
    fill=_fill,
    judge=_judge,
    write=_write,
    right="risk.list",
    reads="risk.read",
    hint_zh="本地或外地通告的地区、场所及时段；录入后自动比对来漳人员并下达核查。",
    hint_en="Areas and venues with hours; who was there is matched and ordered to be found.",
)
LISTS = (NOTICES,)
