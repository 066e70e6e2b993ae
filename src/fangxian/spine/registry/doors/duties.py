"""The door of duties: which post answers for which place or site, in which role, since when."""

from collections.abc import Iterable, Sequence

from fangxian.spine.core.canon import choices, code_of, moment, moment_text, short, to_moment
from fangxian.spine.core.door import Change, Door, Field, Key, Row, Wrong, remove
from fangxian.spine.core.door_dated import succession
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.models import Duty, Place
from fangxian.spine.registry.registers import ROLES as ROLE_OF_DUTY

from .look import Look, choice_field, no_post, post_fields

PLACE = ("区划", "place")


class DutyLook(Look):
    duties: dict[Key, Duty]

    def words(self) -> dict[str, tuple[str, str]]:
        return {"place": PLACE, **self.kinds}

    def place_of(self, row: Row) -> Place | None:
        """The place a row is about, or that the site lies in."""
        kind = code_of(self.words(), row["kind"])
        if kind == "place":
            return self.places.get(row["key"])
        site = self.sites.get((kind, row["key"]))
        return site.place if site else None

    def title(self, row: Row) -> str:
        kind = code_of(self.words(), row["kind"])
        place = self.places.get(row["key"]) if kind == "place" else None
        if place is None:
            return self.sites[kind, row["key"]].name
        above = place.parent.name if place.parent and place.parent.kind != "city" else ""
        return f"{above}{place.name}"


def _there(look: DutyLook) -> dict[Key, Row]:
    words = look.words()
    found: dict[Key, Row] = {}
    look.duties = {}
    for duty in Duty.objects.select_related("post__organisation", "place"):
        if duty.thing_kind not in words:
            continue
        row = {
            "kind": words[duty.thing_kind][0],
            "key": duty.thing_id,
            "role": ROLE_OF_DUTY[duty.role][0],
            "organisation": duty.post.organisation.name if duty.post else "",
            "post": duty.post.name if duty.post else "",
            "valid_from": moment_text(duty.valid_from),
            "valid_to": moment_text(duty.valid_to),
        }
        key = (row["kind"], row["key"], row["role"], row["valid_from"])
        look.duties[key], found[key] = duty, row
    return found


def _fill(row: Row, there: dict[Key, Row], look: DutyLook) -> None:
    """A place by its name or code alike."""
    if code_of(look.words(), row.get("kind", "")) == "place":
        told = look.place_texts.get(row.get("key", ""))
        row["key"] = told.split()[0] if told else row.get("key", "")


def _judge(row: Row, before: Row | None, look: DutyLook) -> Iterable[Wrong]:
    yield from no_post(row, look)
    if look.place_of(row) is None:
        zh = f"没有{row['kind']}“{row['key']}”"
        yield "key", zh, f"there is no {row['kind']} {row['key']!r}"
    if row["valid_to"] and row["valid_to"] <= row["valid_from"]:
        yield "valid_to", "终止应晚于起始", "it ends before it begins"


def _scope(row: Row, look: DutyLook) -> str | None:
    place = look.place_of(row)
    return place.path if place else None


def _write(changes: Sequence[Change], by: Seat, look: DutyLook) -> None:
    remove(look.duties.pop(change.key) for change in changes if change.after is None)
    new: list[Duty] = []
    ending = [c for c in changes if c.after and c.after["valid_to"]]
    for change in [*ending, *(c for c in changes if c.after and not c.after["valid_to"])]:
        row = change.after or {}
        duty = look.duties.get(change.key) or Duty(
            thing_kind=code_of(look.words(), row["kind"]),
            thing_id=row["key"],
            role=code_of(ROLE_OF_DUTY, row["role"]),
            valid_from=to_moment(row["valid_from"]),
        )
        place = look.place_of(row)
        assert place is not None, row  # noqa: S101 - judged before
        duty.thing_name, duty.place = look.title(row)[:80], place
        duty.post = look.posts.get((row["organisation"], row["post"]))
        duty.valid_to = to_moment(row["valid_to"])
        if duty.pk is None:
            new.append(duty)
        else:
            duty.save()
        look.duties[change.key] = duty
    Duty.objects.bulk_create(new)


DUTIES = Door(
    code="duties",
    zh="责任",
    en="Duties",
    fields=(
        Field(
            "kind",
            "对象种类",
            "Kind of thing",
            known=lambda look: choices(look.words()),
            offered=lambda look: [zh for zh, _ in look.words().values()],
            needed=True,
            example="区划",
        ),
        Field(
            "key",
            "对象编号",
            "Key",
            short(60),
            needed=True,
            hint_zh="区划代码或名称、测站站码、场所编号",
            hint_en="code or name of a place, code of a station or site",
            example="350627102",
        ),
        choice_field("role", "角色", "Role", ROLE_OF_DUTY, needed=True, example="属地A岗"),
        *post_fields(needed=False),
        Field("valid_from", "起", "From", moment),
        Field("valid_to", "止", "To", moment),
    ),
    key=("kind", "key", "role", "valid_from"),
    look=DutyLook,
    there=_there,
    scope=_scope,
    fill=_fill,
    judge=_judge,
    also=succession(("kind", "key", "role"), "valid_from", "valid_to"),
    write=_write,
    hint_zh="每个区划、测站、场所都要有属地A岗、B岗和部门监管。改由别的岗位负责：另起一行写“起”。",
    hint_en="Every place and site has a territorial A and B and a department. Another post takes "
    "over by a row of its own with its start.",
)
