"""When a directive wants something: deadlines, recurrences, limits that follow an event, and words
that name no time. "10时前" ends at 10:00:00. Which day of the office is meant where a year or a
month is not said is told, never guessed in silence. Calendars of holidays are handed in."""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

DIGITS = {c: k for k, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}
N = r"(?:\d{1,4}|[〇零一二两三四五六七八九十廿]{1,4})"
HALF_DAYS = {
    "上午": 0,
    "凌晨": 0,
    "早上": 0,
    "早": 0,
    "清晨": 0,
    "中午": 0,
    "下午": 12,
    "傍晚": 12,
    "晚上": 12,
    "晚": 12,
    "夜间": 12,
}
PART = "|".join(sorted(HALF_DAYS, key=len, reverse=True))
CLOCK = (
    rf"(?:(?P<part>{PART})?(?P<hour>{N})(?:时|点(?:钟)?|"
    rf"[:：](?P<colon>\d\d))(?P<minute>(?:{N}分|半|整|一刻)?))"
)
DAY = (
    rf"(?:(?:(?P<year>\d{{4}}年|明年|今年|次年|"
    rf"本年))?(?P<month>{N})月(?:份)?(?:(?P<day>{N})[日号]|(?P<tail>底|末|中旬|上旬|下旬))"
    rf"|(?P<only>{N})[日号]|(?P<end>本月底|本月末|月底|月末|下月底|次月底|年底|年末|"
    rf"本季度末|季度末)"
    rf"|(?P<near>今日|今天|当日|当天|今晚|今夜|明日|明天|明晚|明夜|次日|后天|后日)|"
    rf"(?P<week>本周|下周|这周|周|星期|本星期|下星期)(?P<weekday>[一二三四五六日天末]))"
)
BEFORE = r"(?:之前|以前|前|之内|以内|内|止|截止|完成前)"
ABSOLUTE = re.compile(
    rf"(?P<lead>截至|自|从)?(?:于|在|最迟|至迟|最晚|至|"
    rf"到)?(?P<date>{DAY})?(?P<clock>{CLOCK})?(?P<mark>{BEFORE})(?!期|提下|后|往|线|沿|述|"
    rf"列|置(?!到)|端|来)"
)
SPAN = re.compile(
    rf"(?P<from>(?:自|从|接到|收到|发现|接报|事发|通知|抵达|到达|入境|解除|"
    rf"本通知)[^，,。；;、]{{0,10}}?(?:之日起|起|后|下发之日起)?(?:的)?)?"
    rf"(?P<limit>限期?)?(?P<n>{N}|半)(?:个)?(?P<unit>工作日|小时|日|天|周|星期|月|"
    rf"分钟)(?(limit)(?:之内|以内|内)?|(?:之内|以内|内))"
)
EVERY = re.compile(
    rf"每(?:隔)?(?P<n>{N}|半)?(?:个)?(?P<unit>小时|日|天|周|星期|月|季度|年|"
    rf"旬)(?P<weekday>[一二三四五六日天])?(?P<clock>{CLOCK})?(?P<mark>前|之前)?|"
    rf"(?P<daily>逐日|日日|按日|一日一)|(?P<hourly>逐小时|逐时)|(?P<weekly>按周|一周一)"
)
EVENT = re.compile(
    r"(?P<event>(?:[一-鿿]{0,8}?)(?:预警|响应|警报|警戒|汛期|台风|强降雨|降雨|洪水|疫情|"
    r"主汛期|封控|管控|隔离|国庆|中秋|春节|元旦|端午|清明|五一|劳动节|节|节日|开学|复课|"
    r"降雨过程|登陆|影响|来临|会议)(?:解除|结束|来临|到来|登陆|影响我市|开始|过后|"
    r"后)?)(?P<mark>之前|以前|前|期间)(?!期|提|往|沿|线)"
)
VAGUE = re.compile(
    r"(?:今|明|后)(?:天|日|晚|夜)(?:夜里|晚上|白天)?(?:天黑之?前|下班之?前)?|天黑之?前|"
    r"下班之?前|连夜|立即|立刻|马上|即刻|第一时间|即日起|即时|及时|尽快|尽早|迅速|抓紧|"
    r"从速|火速"
)
# the last cell of a table's row: a day without a word after it
ROW_END = re.compile(rf"(?:[｜|\t]|[　 ]{{2}})\s*+(?P<date>{DAY})(?P<clock>{CLOCK})?$")
ATTACHED = re.compile(r"(?:到岗|当|接报|发现|抵达|入境|受理|次)(?:当日|当天|次日|即)(?!起)")
UNITS = {
    "小时": "H",
    "日": "D",
    "天": "D",
    "周": "W",
    "星期": "W",
    "月": "M",
    "季度": "3M",
    "年": "Y",
    "旬": "10D",
}
HALVES = {  # 每半年, 每半个月
    "小时": "PT30M",
    "日": "PT12H",
    "天": "PT12H",
    "周": "PT84H",
    "星期": "PT84H",
    "旬": "P5D",
    "月": "P15D",
    "季度": "P45D",
    "年": "P6M",
}
WEEK = "一二三四五六日"
ROW_END_MOST = 80  # the last cell is looked for in so many characters
MOST_UNITS = 2000  # no directive asks for more hours, days or months than this
NIGHT = ("晚", "晚上", "夜间")

Maker = Callable[["re.Match[str]"], "Limit | None"]
WorkingDays = Callable[[datetime, int], date]
Holiday = Callable[[str, datetime], date | None]  # the first day of a holiday after a time
FEASTS = {
    "五一": "劳动节",
    "十一": "国庆节",
    "国庆": "国庆节",
    "春节": "春节",
    "元旦": "元旦",
    "中秋": "中秋节",
    "端午": "端午节",
    "清明": "清明节",
    "劳动节": "劳动节",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """What one phrase says. ``kind``: clock (``at`` is its end), every (``repeats``, ISO 8601),
    event (``ends_with``), attached (hours after something happens), vague. ``doubt`` says what
    has to be asked: "year", "past"."""

    kind: str
    text: str
    start: int
    end: int
    at: datetime | None = None
    repeats: str | None = None
    ends_with: str | None = None
    doubt: str = ""


def whole(text: str) -> int:
    """A number of up to four digits or of Chinese numerals up to 99."""
    if text.isdigit():
        return int(text)
    text = text.replace("廿", "二十")
    if "十" not in text:
        return int("".join(str(DIGITS[c]) for c in text))
    tens, _, ones = text.partition("十")
    return 10 * (DIGITS[tens] if tens else 1) + (DIGITS[ones] if ones else 0)


@dataclass(frozen=True, slots=True)
class Almanac:
    """What limits are counted from: when the text was issued, and the office's calendar. A day that
    lies ``ask_days`` before the issue is of another year, and asked."""

    issued: datetime
    working_days: WorkingDays
    holiday: Holiday = lambda name, at: None
    ask_days: int = 60


def limits_in(text: str, almanac: Almanac) -> list[Limit]:
    """Every limit of a sentence, in order; of two that lie over one another the longer one.
    ``text`` is Simplified."""
    issued = almanac.issued
    makers: dict[re.Pattern[str], Maker] = {
        ABSOLUTE: lambda m: _absolute(m, issued, almanac.ask_days),
        SPAN: lambda m: _span(m, issued, almanac.working_days),
        EVERY: _every,
        EVENT: lambda m: _event(m, issued, almanac.holiday),
        ATTACHED: lambda m: Limit("attached", m[0], m.start(), m.end()),
        VAGUE: lambda m: Limit("vague", m[0], m.start(), m.end()),
    }
    found = [
        *_made(ROW_END.search(text, max(0, len(text) - ROW_END_MOST)), almanac),
        *(one for pattern, make in makers.items() for one in _each(pattern, text, make)),
    ]
    kept: list[Limit] = []
    taken = bytearray(len(text))
    for one in sorted(found, key=lambda limit: (limit.start - limit.end, limit.start)):
        if not any(taken[one.start : one.end]):
            kept.append(one)
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
    return sorted(kept, key=lambda limit: limit.start)


def _each(pattern: re.Pattern[str], text: str, make: Maker) -> Iterator[Limit]:
    """What a pattern finds. A day or a number that does not exist is no limit."""
    for match in pattern.finditer(text):
        try:
            one = make(match)
        except (ValueError, KeyError, OverflowError):
            continue
        if one is not None:
            yield one


def _made(row: "re.Match[str] | None", almanac: Almanac) -> Iterator[Limit]:
    """The day in the last cell of a table's row."""
    if row is None:
        return
    try:
        at, doubt = _moment(row, almanac.issued, almanac.ask_days)
    except (ValueError, KeyError, OverflowError):
        return
    start = row.start("date")
    yield Limit("clock", row.string[start:], start, row.end(), at, doubt=doubt)


def _absolute(match: "re.Match[str]", issued: datetime, ask_days: int) -> Limit | None:
    if match["lead"] or (not match["date"] and not match["clock"]):
        return None
    if match["only"] and match["mark"].endswith("内") and not match["clock"]:
        return None  # 三日内 is a span
    at, doubt = _moment(match, issued, ask_days)
    start = match.start("date") if match["date"] else match.start("clock")
    return Limit("clock", match.string[start : match.end()], start, match.end(), at, doubt=doubt)


def _moment(match: "re.Match[str]", issued: datetime, ask_days: int) -> tuple[datetime, str]:
    on, doubt = _day(match, issued, ask_days) if match["date"] else (issued.date(), "")
    if not match["clock"]:
        at = datetime.combine(on + timedelta(days=1), time(), issued.tzinfo)
    else:
        at = datetime.combine(on, time(), issued.tzinfo) + _clock(match, near=match["near"] or "")
        if not match["date"] and at <= issued:
            at += timedelta(days=1)
    return at, doubt or ("past" if at <= issued else "")


def _clock(match: "re.Match[str]", near: str = "") -> timedelta:
    hour = whole(match["hour"])
    minute = {"": 0, "半": 30, "整": 0, "一刻": 15}.get(match["minute"] or "")
    minute = whole(match["minute"][:-1]) if minute is None else minute
    minute = int(match["colon"]) if match["colon"] else minute
    part = match["part"] or ("晚" if near.endswith("晚") else "")
    night = part in NIGHT or near.endswith("夜")
    if night and hour == 12:
        hour = 24  # 今晚12时 is midnight
    elif night and hour < 5:
        hour += 24 if near else 0  # 今晚2时 is past midnight
    elif part and hour < 12:
        hour += HALF_DAYS[part]
    if part == "中午" and hour < 6:
        hour += 12
    if hour > 24 + 5 or minute > 59 or (hour > 24 and not night):
        raise ValueError(match[0])
    return timedelta(hours=hour, minutes=minute)


def _day(match: "re.Match[str]", issued: datetime, ask_days: int) -> tuple[date, str]:
    today = issued.date()
    if match["month"]:
        return _of_month(match, today, ask_days)
    if match["only"]:
        day = whole(match["only"])
        if not 1 <= day <= 31:
            raise ValueError(match[0])
        first = today.replace(day=1) if day >= today.day else _next_month(today)
        while day > calendar.monthrange(first.year, first.month)[1]:
            first = _next_month(first)
        return first.replace(day=day), ""
    if match["end"]:
        return _end(match["end"], today), ""
    if match["near"]:
        ahead = {"明": 1, "次": 1, "后": 2}.get(match["near"][0], 0)
        return today + timedelta(days=ahead), ""
    weekday = 6 if match["weekday"] in "天末" else WEEK.index(match["weekday"])
    monday = today - timedelta(days=today.weekday())
    on = monday + timedelta(days=weekday + (7 if match["week"].startswith("下") else 0))
    plain = match["week"] in {"周", "星期"}
    return (on + timedelta(days=7) if plain and on < today else on), ""


def _of_month(match: "re.Match[str]", today: date, ask_days: int) -> tuple[date, str]:
    year, month = today.year, whole(match["month"])
    told = match["year"] or ""
    if told[:4].isdigit():
        year = int(told[:4])
    elif told in {"明年", "次年"}:
        year += 1
    on = _dated(match, year, month)
    if told and on:
        return on, ""
    if on is None or on < today - timedelta(days=ask_days):
        on = None if told else _dated(match, year + 1, month)
        if on is None:
            raise ValueError(match[0])
        return on, "year"
    return on, ""


def _dated(match: "re.Match[str]", year: int, month: int) -> date | None:
    """The day in a year; None where that year has none, as February 29."""
    last = calendar.monthrange(year, month)[1]
    tails = {"底": last, "末": last, "下旬": last, "中旬": 20, "上旬": 10}
    day = tails[match["tail"]] if match["tail"] else whole(match["day"])
    return date(year, month, day) if 1 <= day <= last else None


def _next_month(on: date) -> date:
    return (on.replace(day=1) + timedelta(days=32)).replace(day=1)


def _end(text: str, today: date) -> date:
    if "年" in text:
        return date(today.year, 12, 31)
    if "季" in text:
        month = (today.month + 2) // 3 * 3
        return date(today.year, month, calendar.monthrange(today.year, month)[1])
    first = _next_month(today) if text[0] in "下次" else today
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _span(match: "re.Match[str]", issued: datetime, working_days: WorkingDays) -> Limit | None:
    before = match.string[max(0, match.start() - 2) : match.start()]
    if before.endswith(("每", "过去", "最近", "近")):
        return None
    own = (match["from"] or "").strip()
    if own and not re.search(r"通知|文件|印发|今|即", own):
        return Limit("attached", match[0], match.start(), match.end())
    n, unit = (0.5 if match["n"] == "半" else whole(match["n"])), match["unit"]
    if n > MOST_UNITS:
        return None
    if unit in {"小时", "分钟"}:
        at = issued + timedelta(hours=n) if unit == "小时" else issued + timedelta(minutes=n)
    else:
        days = {"周": 7, "星期": 7, "月": 30, "工作日": 0}.get(unit, 1)
        on = (
            working_days(issued, int(n))
            if unit == "工作日"
            else (issued + timedelta(days=n * days)).date()
        )
        at = datetime.combine(on + timedelta(days=1), time(), issued.tzinfo)
    return Limit("clock", match[0], match.start(), match.end(), at=at)


def _every(match: "re.Match[str]") -> Limit | None:
    if match["daily"] or match["hourly"] or match["weekly"]:
        repeats = "P1D" if match["daily"] else "PT1H" if match["hourly"] else "P1W"
    elif match["n"] == "半":
        repeats = HALVES[match["unit"]]
    else:
        k, code = whole(match["n"] or "1"), UNITS[match["unit"]]
        if k == 0:
            return None
        repeats = f"PT{k}H" if code == "H" else f"P{k * int(code[:-1] or 1)}{code[-1]}"
    return Limit("every", match[0], match.start(), match.end(), repeats=repeats)


def _event(match: "re.Match[str]", issued: datetime, holiday: Holiday) -> Limit:
    """A limit that an event ends. That of a named holiday has a time; "节前" alone has none."""
    event = match["event"]
    name = next((feast for word, feast in FEASTS.items() if word in event), "")
    on = holiday(name, issued) if name and match["mark"] != "期间" else None
    at = datetime.combine(on, time(), issued.tzinfo) if on else None
    return Limit("event", match[0], match.start(), match.end(), at=at, ends_with=event)
