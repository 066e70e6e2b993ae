"""Badges, ages and sentences in templates."""

from datetime import datetime

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.registry.models import Place
from fangxian.spine.registry.read import place_label
from fangxian.surfaces.web import roman, words

register = template.Library()

for name in (
    "signal_title",
    "signal_why",
    "age",
    "order_what",
    "order_state",
    "gap_text",
    "gap_rule_name",
    "event_text",
    "hazard_name",
    "family_name",
    "mark_name",
    "role_name",
    "channel_name",
):
    register.filter(name, getattr(words, name))
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
def number(value: float | None, decimals: int = 1) -> str:
    """Blank is not zero."""
    return "—" if value is None else f"{value:.{decimals}f}"
