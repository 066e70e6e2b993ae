"""Badges, ages and sentences in templates."""

import time
from datetime import datetime
from functools import lru_cache

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from fangxian.spine.command.desk import Row
from fangxian.spine.core import clock
from fangxian.spine.core.hazards import headquarters
from fangxian.spine.core.health import Trouble
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import Seat, visible
from fangxian.spine.observe.gauges import Sum
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import city, place_label
from fangxian.surfaces.web import ready_words, roman, words

register = template.Library()
CITY_ASKED_EVERY_S = 60

for name in (
    "signal_title",
    "signal_why",
    "signal_link",
    "trend",
    "plea_kind",
    "age",
    "order_what",
    "order_state",
    "roster_role",
    "gap_text",
    "gap_rule_name",
    "event_text",
    "hazard_name",
    "family_name",
    "mark_name",
    "role_name",
    "channel_name",
    "failed_side",
):
    register.filter(name, getattr(words, name))
for name in (
    "own_name",
    "stop_words",
    "action_words",
    "target_words",
    "proof_words",
    "need_words",
    "need_short",
    "lack_what",
    "why_words",
    "goods_name",
    "skill_name",
    "grade_name",
    "signed",
    "percent",
):
    register.filter(name, getattr(ready_words, name))
for name in ("called", "named", "person_name"):
    register.filter(name, getattr(roman, name))


@register.simple_tag
def badge(level: int | None, word: str = "") -> SafeString:
    """Level: colour, shape, word and numeral together."""
    if level is None:
        return format_html('<span class="lv lv0">{}</span>', word or gettext("平时"))
    at = Level(level)
    told = word or words.level_word(at)
    return format_html('<span class="lv lv{}">{} {} {}</span>', int(at), at.shape, told, at.numeral)


THEMES = {"light": "not all", "dark": "screen", "auto": "screen and (prefers-color-scheme: dark)"}


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """Day, night or as the device says: what this browser keeps in its cookie (theme.js)."""
    request = context.get("request")
    kept = request.COOKIES.get("theme", "") if request else context.get("theme_kept", "")
    return kept if kept in THEMES else "light"


@register.simple_tag(takes_context=True)
def night_media(context: Context) -> str:
    """When the dark palette holds; never on paper."""
    return THEMES[theme(context)]


@register.filter
def bj(at: datetime | None, form: str = "%m-%d %H:%M") -> str:
    """Beijing time."""
    return f"{clock.beijing(at):{form}}" if at else "—"


@register.filter
def either(words: tuple[str, str]) -> str:
    """Chinese or English words by the language of the page."""
    return words[(get_language() or "zh").startswith("en")]


@register.filter
def clock_s(seconds: int) -> str:
    """Minutes and seconds, with hours where there are some."""
    sign, size = "-" if seconds < 0 else "", abs(seconds)
    hours, minutes = size // 3600, size // 60 % 60
    return f"{sign}{f'{hours}:{minutes:02d}' if hours else minutes}:{size % 60:02d}"


@register.filter
def row_template(row: Row) -> str:
    return f"web/desk/{row.kind}.html"


@register.filter
def hq_name(code: str) -> str:
    zh, en = headquarters().get(code, (code, code))
    return zh if words.zh() else en


@register.filter
def trouble_text(trouble: Trouble) -> str:
    return trouble.text(words.language())


@register.filter
def real_time(at: datetime) -> str:
    """Beijing time of the machine, which in a drill is not the drill's."""
    return f"{clock.beijing(at):%H:%M:%S}"


@register.filter
def iso_bj(text: str) -> str:
    """Beijing time of a moment kept as text."""
    return bj(datetime.fromisoformat(text))


@register.filter
def may_do(seat: Seat, right: str) -> bool:
    """Whether a seat may do something somewhere: no verb without the right."""
    return visible(seat, right) is not None


@register.filter
def label(place: Place | None) -> str:
    return roman.named(place_label(place)) if place else "—"


@register.filter
def lasting(since: datetime) -> str:
    """How long it has lasted."""
    return words.span(max(0, int((clock.now() - since).total_seconds())))


@register.filter
def overdue(at: datetime) -> bool:
    return at < clock.now()


@register.filter
def rain(found: Sum | None) -> SafeString:
    """A sum of rain: a partial one is a lower bound and says how much of its window is there."""
    if found is None:
        return SafeString("—")
    if found.whole:
        return format_html("{}", found)
    part = f"{found.part} {gettext('分钟')}"
    return format_html('{} <small class="gapcell">({})</small>', found, part)


@register.filter
def signed_change(value: float) -> str:
    """+3, −0.5: what a number has moved by."""
    return f"{'+' if value > 0 else '−'}{abs(value):g}"


@register.filter
def number(value: float | None, decimals: int = 1) -> str:
    """Blank is not zero."""
    return "—" if value is None else f"{value:.{decimals}f}"


@register.simple_tag
def city_name() -> str:
    """What the city of this folder is called in the header; empty before there is one."""
    language = get_language() or "zh"
    try:
        return _city_name(int(time.monotonic() // CITY_ASKED_EVERY_S), language)
    except Problem:
        return ""


@lru_cache(4)
def _city_name(minute: int, language: str) -> str:
    name = city().name.removesuffix("市")
    return roman.called(name) if language.startswith("en") else name
