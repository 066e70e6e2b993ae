"""Forms made of what is declared elsewhere: one row of a door. What a refused form was told stays
in its fields, and each says what is wrong with it."""

from collections.abc import Mapping
from typing import Any

from django import forms

from fangxian.spine.core.door import Door, Field

FEW = 40  # choices that a list shows; more are offered while typing


class Suggested(forms.TextInput):
    """A text with a list of what is usual."""

    template_name = "web/suggested.html"

    def __init__(self, offered: list[str], attrs: dict[str, Any]) -> None:
        super().__init__(attrs)
        self.offered = offered

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["offered"] = self.offered
        context["widget"]["attrs"]["list"] = f"list-{name}"
        return context


def row_form(
    one: Door,
    look: Any,
    start: Mapping[str, str],
    *,
    zh: bool,
    data: Any = None,
    fixed: bool = False,
) -> forms.Form:
    """The form of one row of a door; with ``fixed`` its key is not asked again."""
    asked = [column for column in one.fields if not (fixed and column.name in one.key)]
    found = {column.name: _field(column, look, start.get(column.name, ""), zh) for column in asked}
    made = type("RowForm", (forms.Form,), found)
    form: forms.Form = made(data)
    return form


def _field(column: Field, look: Any, value: str, zh: bool) -> forms.CharField:
    offered = list((column.offered or column.known)(look)) if column.known else []
    hint = (column.hint_zh if zh else column.hint_en) or column.hint_zh
    widget: forms.Widget
    if column.known and 0 < len(offered) <= FEW:
        widget = forms.Select(choices=[("", "—"), *((text, text) for text in offered)])
    elif offered:
        widget = Suggested(offered[:3000], {"autocomplete": "off"})
    else:
        widget = forms.TextInput({"placeholder": column.example, "autocomplete": "off"})
    return forms.CharField(
        label=column.zh if zh else column.en,
        required=column.needed,
        initial=value or column.fixed,
        help_text=hint,
        widget=widget,
        max_length=4000,
    )
