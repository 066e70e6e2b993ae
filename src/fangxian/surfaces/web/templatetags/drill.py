"""The band of a drill and its cast, for templates."""

from typing import Any

from django import template

from fangxian.surfaces.web.views import drill

register = template.Library()
register.simple_tag(drill.cast, name="drill_cast")
register.simple_tag(drill.password, name="drill_password")


@register.inclusion_tag("web/drill_band.html", takes_context=True)
def story_band(context: dict[str, Any]) -> dict[str, Any]:
    request = context.get("request")
    return drill.band(getattr(request, "seat", None) or None)
