"""How texts and reports are shown letter by letter: blanks between the parts would be read."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from fangxian.spine.command.directives.models import Item

register = template.Library()


@register.filter
def marked(piece: str, item: Item | None) -> SafeString:
    """A sentence of a directive as what it was judged to be."""
    if item is None:
        return conditional_escape(piece)
    told = '<mark class="k-{} s-{}" id="s{}">{}</mark>'
    return format_html(told, item.kind, item.state, item.pk, piece)


@register.filter
def figure(part: Mapping[str, Any]) -> SafeString:
    """A part of a report's sentence: a figure opens its records; one that changed is struck and
    rewritten."""
    if not part.get("f"):
        return conditional_escape(part["t"])
    if now := part.get("now"):
        return format_html("<del>{}</del><ins>{}</ins>", part["t"], now.after or "—")
    if links := part.get("links"):
        return format_html('<a href="{}" title="{}">{}</a>', links[0], " ".join(links), part["t"])
    return conditional_escape(part["t"])


@register.filter
def chosen(value: object, current: object) -> SafeString:
    """The attribute of the option that is chosen."""
    return SafeString(" selected" if value == current else "")
