"""The doors of organisations (headquarters among them) and posts."""

from collections.abc import Iterable, Sequence

from fangxian.spine.core.canon import choices, code_of, refused, short
from fangxian.spine.core.door import Change, Door, Field, Key, Row, Wrong
from fangxian.spine.core.hazards import headquarters
from fangxian.spine.core.rights import Seat, roles
from fangxian.spine.registry.models import Organisation, Post
from fangxian.spine.registry.phones import one_phone

from .look import Look, choice_field, no_post, place_field, place_text, post_fields

ORGANISATION_KINDS = {
    "headquarters": ("指挥部", "headquarters"),
    "department": ("部门", "department"),
    "government": ("政府", "government"),
    "institution": ("医院、学校、企业", "institution"),
}


def _organisation_row(one: Organisation) -> Row:
    words = headquarters()
    return {
        "name": one.name,
        "kind": ORGANISATION_KINDS[one.kind][0],
        "place": place_text(one.place),
        "headquarters": words.get(one.headquarters, (one.headquarters,))[0],
        "short_name": one.short_name,
        "duty_phone": one.duty_phone,
        "name_en": one.name_en,
    }


def _organisations(look: Look) -> dict[Key, Row]:
    return {(name,): _organisation_row(one) for name, one in look.organisations.items()}


def _judge_organisation(row: Row, before: Row | None, look: Look) -> Iterable[Wrong]:
    is_one = row["kind"] == ORGANISATION_KINDS["headquarters"][0]
    if is_one != bool(row["headquarters"]):
        zh = "指挥部要写明哪个指挥部，其他单位不写"
        yield "headquarters", zh, "a headquarters names its kind, and nothing else does"
    kind = code_of(headquarters(), row["headquarters"])
    for other in look.organisations.values():
        there = other.headquarters == kind and other.place.code == row["place"].split()[0]
        if kind and there and other.name != row["name"]:
            yield "headquarters", f"该地已有 {other.name}", f"{other.name} is there already"


def _write_organisations(changes: Sequence[Change], by: Seat, look: Look) -> None:
    for change in changes:
        one = look.organisations.get(change.key[0]) or Organisation(name=change.key[0])
        row = change.after
        if row is None:
            one.delete()
            del look.organisations[change.key[0]]
            continue
        one.kind = code_of(ORGANISATION_KINDS, row["kind"])
        one.headquarters = code_of(headquarters(), row["headquarters"])
        one.place, one.short_name = look.place(row["place"]), row["short_name"]
        one.duty_phone, one.name_en = row["duty_phone"], row["name_en"]
        one.save()
        look.organisations[one.name] = one


ORGANISATIONS = Door(
    code="organisations",
    zh="单位",
    en="Organisations",
    fields=(
        Field("name", "名称", "Name", short(80), needed=True, example="南靖县防汛抗旱指挥部"),
        choice_field("kind", "类别", "Kind", ORGANISATION_KINDS, needed=True, example="指挥部"),
        place_field(needed=True, example="南靖县"),
        Field(
            "headquarters",
            "指挥部",
            "Headquarters",
            known=lambda look: choices(headquarters()),
            offered=lambda look: [zh for zh, _ in headquarters().values()],
            hint_zh="类别为指挥部时填",
            hint_en="for a headquarters",
        ),
        Field("short_name", "简称", "Short name", short(20), hint_zh="短信【】中的名字"),
        Field("duty_phone", "值班电话", "Duty phone", refused(one_phone), example="0596-7830000"),
        Field("name_en", "英文名", "English name", short(120)),
    ),
    key=("name",),
    look=Look,
    there=_organisations,
    scope=lambda row, look: look.place(row["place"]).path,
    judge=_judge_organisation,
    write=_write_organisations,
    hint_zh="指挥部、部门、乡镇政府。指挥部写明所属（防汛/防疫），级别随所在区划。",
    hint_en="Headquarters, departments, governments. The level of one is that of its place.",
)


def _post_row(post: Post) -> Row:
    above = post.superior
    return {
        "organisation": post.organisation.name,
        "post": post.name,
        "place": place_text(post.place),
        "role": roles().get(post.role, (post.role,))[0],
        "superior_organisation": above.organisation.name if above else "",
        "superior": above.name if above else "",
        "name_en": post.name_en,
    }


def _posts(look: Look) -> dict[Key, Row]:
    return {key: _post_row(post) for key, post in look.posts.items()}


def _fill_post(row: Row, there: dict[Key, Row], look: Look) -> None:
    """A post lies where its organisation does, unless it says otherwise."""
    organisation = look.organisations.get(row.get("organisation", ""))
    if not row.get("place") and organisation:
        row["place"] = place_text(organisation.place)


def _judge_post(row: Row, before: Row | None, look: Look) -> Iterable[Wrong]:
    above = (row["superior_organisation"], row["superior"])
    if above == (row["organisation"], row["post"]):
        yield "superior", "上级不能是自己", "a post is not its own superior"
    elif above not in look.coming:
        yield from no_post(row, look, "superior_organisation", "superior")


def _write_posts(changes: Sequence[Change], by: Seat, look: Look) -> None:
    for change in changes:
        row = change.after
        if row is None:
            continue
        post = look.posts.get((change.key[0], change.key[1])) or Post(
            organisation=look.organisations[change.key[0]], name=change.key[1]
        )
        post.place, post.role = look.place(row["place"]), code_of(roles(), row["role"])
        post.name_en = row["name_en"]
        post.save()
        look.posts[change.key[0], change.key[1]] = post
    for change in changes:
        row = change.after
        if row is not None:
            post = look.posts[change.key[0], change.key[1]]
            above = look.posts.get((row["superior_organisation"], row["superior"]))
            if post.superior_id != (above.pk if above else None):
                post.superior = above
                post.save(update_fields=["superior"])
    going = [look.posts.pop((c.key[0], c.key[1])) for c in changes if c.after is None]
    Post.objects.filter(pk__in=[post.pk for post in going]).update(superior=None)
    for post in going:
        post.delete()


POSTS = Door(
    code="posts",
    zh="岗位",
    en="Posts",
    fields=(
        *post_fields(),
        place_field(zh="负责区划", en="For place"),
        choice_field("role", "角色", "Role", roles(), needed=True, example="负责人"),
        *post_fields(
            "superior_organisation",
            "superior",
            ("上级单位", "上级岗位"),
            ("Superior's organisation", "Superior"),
            needed=False,
        ),
        Field("name_en", "英文名", "English name", short(120)),
    ),
    key=("organisation", "post"),
    look=Look,
    there=_posts,
    scope=lambda row, look: look.place(row["place"]).path,
    fill=_fill_post,
    judge=_judge_post,
    write=_write_posts,
    hint_zh="岗位不随人变。指挥长、负责人能发令；值班员值守；责任人应答；管理员登记。"
    "每个单位第一个登记的岗位为首长。上级岗位用于叫应升级。",
    hint_en="A post stays when people change. The first post of an organisation leads it; the "
    "superior is called when a post does not answer.",
)
