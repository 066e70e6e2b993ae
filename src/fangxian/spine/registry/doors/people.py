"""The doors of office-holders, their terms and their accounts."""

from collections.abc import Iterable, Sequence
from functools import cached_property

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from fangxian.spine.core import clock
from fangxian.spine.core.canon import code_of, moment, moment_text, refused, short, to_moment
from fangxian.spine.core.dated import rows_in_force
from fangxian.spine.core.door import ANYWHERE, Change, Door, Field, Key, Row, Wrong, remove
from fangxian.spine.core.door_dated import succession
from fangxian.spine.core.rights import Seat
from fangxian.spine.core.tables import UnreadableError
from fangxian.spine.registry.models import Duty, Person, Term
from fangxian.spine.registry.phones import one_phone
from fangxian.spine.registry.seal import mask_phone, seal, unseal

from .look import Look, choice_field, no_post, person_text, post_fields

TERM_KINDS = {"holder": ("在任", "holder"), "interim": ("代管", "interim")}


def _phone(text: str) -> str:
    """A number, or the masked form that an export gives: it means the number that is there."""
    return text if "*" in text else refused(one_phone)(text)


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise UnreadableError(f"“{text}”不是邮箱", f"{text!r} is no address") from None
    return text


def _person_row(person: Person) -> Row:
    return {
        "code": person.code,
        "name": person.name,
        "phone": unseal(person.phone_sealed),
        "email": person.email,
    }


class PeopleLook(Look):
    """Beside the registry, who is known by name and number, and the next free staff number."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[tuple[str, str], str] = {}
        self.named: dict[str, list[str]] = {}
        self.numbered: set[str] = set()  # numbers that were given here
        self.next = 0


def _people(look: PeopleLook) -> dict[Key, Row]:
    rows: dict[Key, Row] = {(code,): _person_row(person) for code, person in look.people.items()}
    look.known = {(row["name"], row["phone"]): row["code"] for row in rows.values()}
    for row in rows.values():
        look.named.setdefault(row["name"], []).append(row["code"])
    numbers = [int(code[1:]) for code in look.people if code[:1] == "R" and code[1:].isdigit()]
    look.next = max(numbers, default=0)
    return rows


def _fill_person(row: Row, there: dict[Key, Row], look: PeopleLook) -> None:
    """One without a staff number is who has this name and phone, or somebody new."""
    phone = row.get("phone", "")
    if not row.get("code"):
        row["code"] = look.known.get((row.get("name", ""), phone), "")
    if not row["code"]:
        look.next += 1
        row["code"] = f"R{look.next:05d}"
        look.known[row.get("name", ""), phone] = row["code"]
        look.numbered.add(row["code"])
    before = there.get((row["code"],))
    if "*" in phone and before and mask_phone(before["phone"]) == phone:
        row["phone"] = before["phone"]


def _judge_person(row: Row, before: Row | None, look: PeopleLook) -> Iterable[Wrong]:
    same = [c for c in look.named.get(row["name"], ()) if c != row["code"]]
    if before is None and same and row["code"] in look.numbered:
        zh = f"已有同名的 {'、'.join(same)}；是他就写他的编号，是另一人请自编一个编号"
        en = f"{', '.join(same)} has this name: write that number, or one of your own for another"
        yield "code", zh, en
    if "*" in row["phone"]:
        zh = "打了星号的号码与在册的不符，请写完整号码或留空不改"
        yield "phone", zh, "a masked number that is not the one on record; write it in full"


def _write_people(changes: Sequence[Change], by: Seat, look: PeopleLook) -> None:
    new: list[Person] = []
    for change in changes:
        row, person = change.after, look.people.get(change.key[0])
        if row is None:
            continue
        person = person or Person(code=row["code"])
        person.name, person.email = row["name"], row["email"]
        if change.before is None or change.before["phone"] != row["phone"]:
            person.phone_sealed = seal(row["phone"])
            person.phone_masked = mask_phone(row["phone"]) if row["phone"] else ""
        if person.pk is None:
            new.append(person)
        else:
            person.save()
        look.people[person.code] = person
    Person.objects.bulk_create(new)
    remove(look.people.pop(change.key[0]) for change in changes if change.after is None)


def _own_place(row: Row, look: PeopleLook) -> str | None:
    """Where somebody is in office. Somebody new is entered by whoever may enter people; who is
    known and in no office now is the whole city's."""
    return look.where.get(row["code"]) if row["code"] in look.people else ANYWHERE


PEOPLE = Door(
    code="people",
    zh="任职人员",
    en="Office-holders",
    fields=(
        Field("code", "编号", "Staff number", short(30), hint_zh="留空自动编号", example="R00001"),
        Field(
            "name", "姓名", "Name", short(40), heads=("人员姓名",), needed=True, example="陈建国"
        ),
        Field(
            "phone",
            "电话",
            "Phone",
            _phone,
            heads=("手机", "手机号", "手机号码", "联系电话", "电话号码"),
            secret=True,
            mask=lambda text: mask_phone(text) if text else "",
            example="13800001234",
        ),
        Field("email", "邮箱", "E-mail", _email),
    ),
    key=("code",),
    look=PeopleLook,
    there=_people,
    scope=_own_place,
    fill=_fill_person,
    judge=_judge_person,
    write=_write_people,
    hint_zh="电话 11 位手机或区号加号码；全角自动折算。没有号码的人叫应不到，列为缺口。",
    hint_en="One phone number each. Who has none cannot be called, and that is a gap.",
)


def _term_row(term: Term) -> Row:
    return {
        "organisation": term.post.organisation.name,
        "post": term.post.name,
        "person": person_text(term.person),
        "kind": TERM_KINDS[term.kind][0],
        "starts_at": moment_text(term.starts_at),
        "ends_at": moment_text(term.ends_at),
        "reason": term.reason,
    }


class TermLook(Look):
    terms: dict[Key, Term]

    @cached_property
    def answering(self) -> set[Key]:
        """Posts that answer for something."""
        rows = Duty.objects.filter(rows_in_force(clock.now()), post__isnull=False)
        return set(rows.values_list("post__organisation__name", "post__name"))


def _terms(look: TermLook) -> dict[Key, Row]:
    rows = Term.objects.select_related("person", "post__organisation")
    found: dict[Key, Row] = {}
    look.terms = {}
    for term in rows:
        row = _term_row(term)
        key = (row["organisation"], row["post"], row["starts_at"])
        look.terms[key], found[key] = term, row
    return found


def _judge_term(row: Row, before: Row | None, look: TermLook) -> Iterable[Wrong]:
    yield from no_post(row, look)
    if row["ends_at"] and row["ends_at"] <= row["starts_at"]:
        yield "ends_at", "终止应晚于起始", "it ends before it begins"
    shorter = before and row["ends_at"] and row["ends_at"] != before["ends_at"]
    key = (row["organisation"], row["post"])
    if shorter and key in look.answering and not _followed(row, look):
        zh = "该岗位还有责任，没有接任的一行不能写“止”"
        yield "ends_at", zh, "the post answers for something; enter who follows first"


def _followed(row: Row, look: TermLook) -> bool:
    """Whether somebody else's term of the post begins until this one ends."""
    keys = {*look.terms, *look.coming}
    return any(
        key[:2] == (row["organisation"], row["post"])
        and row["starts_at"] < key[2] <= row["ends_at"]
        for key in keys
    )


def _write_terms(changes: Sequence[Change], by: Seat, look: TermLook) -> None:
    """Ends first: a post has one open term at most."""
    remove(look.terms.pop(change.key) for change in changes if change.after is None)
    ending = [c for c in changes if c.after and c.after["ends_at"]]
    for change in [*ending, *(c for c in changes if c.after and not c.after["ends_at"])]:
        row = change.after or {}
        term = look.terms.get(change.key) or Term(
            post=look.post_of(row), starts_at=to_moment(row["starts_at"]) or clock.now()
        )
        term.person, term.kind = look.person(row["person"]), code_of(TERM_KINDS, row["kind"])
        term.ends_at, term.reason = to_moment(row["ends_at"]), row["reason"]
        term.save()
        look.terms[change.key] = term


TERMS = Door(
    code="terms",
    zh="任期",
    en="Terms of office",
    fields=(
        *post_fields(),
        Field(
            "person",
            "任职人",
            "Holder",
            known=lambda look: look.people_texts,
            needed=True,
            hint_zh="编号，或不重名的姓名",
            hint_en="staff number, or a name nobody else has",
            example="R00001",
        ),
        choice_field("kind", "方式", "Kind", TERM_KINDS, fixed="在任"),
        Field("starts_at", "起", "From", moment, needed=True, example="2021-06-05"),
        Field("ends_at", "止", "To", moment, hint_zh="留空：至今"),
        Field("reason", "依据", "Reason", short(200), example="漳政任〔2021〕5号"),
    ),
    key=("organisation", "post", "starts_at"),
    look=TermLook,
    there=_terms,
    scope=lambda row, look: look.post_of(row).place.path,
    judge=_judge_term,
    also=succession(("organisation", "post"), "starts_at", "ends_at"),
    write=_write_terms,
    right="term.end",
    hint_zh="可写过去、现在和将来的任期。新一行的“起”就是前任的“止”，中间不断档（换届）。",
    hint_en="Past, present and planned. A new row ends the one before it: no minute is unowned.",
)


def _users(look: Look) -> dict[Key, Row]:
    held = [person for person in look.people.values() if person.user]
    return {
        (p.user.get_username(),): {"username": p.user.get_username(), "person": person_text(p)}
        for p in held
        if p.user
    }


def _judge_user(row: Row, before: Row | None, look: Look) -> Iterable[Wrong]:
    person = look.person(row["person"])
    if person.user and person.user.get_username() != row["username"]:
        has = person.user.get_username()
        yield "person", f"此人已有账号 {has}", f"has the account {has} already"
    taken = get_user_model().objects.filter(username=row["username"])
    if before is None and taken.exists():
        yield "username", "账号已被占用", "this account is taken"


def _write_users(changes: Sequence[Change], by: Seat, look: Look) -> None:
    users = get_user_model().objects
    for change in changes:
        if change.before:
            was = look.person(change.before["person"])
            was.user = None
            was.save(update_fields=["user"])
        if change.after is None:
            users.filter(username=change.key[0]).delete()
            continue
        user, made = users.get_or_create(username=change.key[0])
        if made:
            user.set_unusable_password()
            user.save()
        person = look.person(change.after["person"])
        person.user = user
        person.save(update_fields=["user"])


def _username(text: str) -> str:
    read = short(40)(text)
    if not (read.isascii() and read.replace("_", "").replace(".", "").replace("-", "").isalnum()):
        raise UnreadableError("账号用字母、数字、._-", "an account is letters, digits and ._-")
    return read


USERS = Door(
    code="users",
    zh="账号",
    en="Accounts",
    fields=(
        Field("username", "账号", "Account", _username, needed=True, example="chenjg"),
        Field(
            "person",
            "人员",
            "Person",
            known=lambda look: look.people_texts,
            needed=True,
            hint_zh="编号，或不重名的姓名",
            hint_en="staff number, or a name nobody else has",
        ),
    ),
    key=("username",),
    look=Look,
    there=_users,
    scope=lambda row, look: look.where.get(row["person"].split()[-1]),
    judge=_judge_user,
    write=_write_users,
    hint_zh="账号跟人走，权限跟岗位走。表中不放口令：导入后在账号页生成一次性设置链接。",
    hint_en="No passwords here: after the import each gets a link that is good for one use.",
)
