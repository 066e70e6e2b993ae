"""What follows of the steps and moments of items: the owner is told, his superior when he does not
sign, coloured letters go out, and an answer by text signs for it."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction

from fangxian.spine.command.replies import read_reply
from fangxian.spine.core import clock
from fangxian.spine.core.editions import edition
from fangxian.spine.core.events import record, subject_pk
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.reach.read import link_length
from fangxian.spine.reach.telling import cancel, tell
from fangxian.spine.registry.models import Person, Post
from fangxian.spine.registry.read import fallback_post, holder, seats_of_person

from .models import OVER, WORKING, Item
from .rules import colour_now, supervision
from .write.items import hand_over, progress_item, report_item, sign_item

MOST = 70
LIVES = timedelta(days=7)
HQ = {"flood": "防指督办", "epidemic": "疫指督办"}


def _item(key: int) -> Item:
    rows = Item.objects.select_related("directive__place", "post__organisation", "post__superior")
    return rows.get(pk=key)


def _text(item: Item, head: str) -> str:
    """One short message: what, by when, how to answer; the words are cut where the link needs
    room."""
    told = f"【{HQ.get(item.headquarters, '督办')}】{head}"
    deadline = clock.beijing(item.deadline_at) if item.deadline_at else None
    tail = f" {deadline.month}月{deadline.day}日{deadline:%H:%M}前。回1签收" if deadline else ""
    room = max(MOST - len("【演练】") - link_length() - len(told) - len(tail), 12)
    what = item.what if len(item.what) <= room else f"{item.what[: room - 1]}…"
    return told + what + tail


def _tell(item: Item, posts: Iterable[Post], text: str, channels: tuple[str, ...]) -> int:
    step = Event.written.filter(subject_kind="item", subject_id=str(item.pk)).count()
    told = 0
    for post in posts:
        person = holder(post)
        if person is None:
            continue
        told += len(
            tell(
                subject_kind="item",
                subject_id=str(item.pk),
                text=text,
                level=Level.IV,
                person=person,
                post=post,
                channels=channels,
                step=step,
                expires_at=max(item.deadline_at or clock.now(), clock.now()) + LIVES,
                by=SYSTEM,
            )
        )
    return told


@transaction.atomic
def tell_owner(event: Event) -> None:
    """An item was assigned, transferred, sent back or reopened: its owner and who helps him."""
    item = _item(subject_pk(event))
    if item.post is None or item.state in OVER:
        return
    heads = {
        "item.sent_back": "退回重办：",
        "item.reopened": "重新督办：",
        "item.extended": "延期：",
    }
    text = _text(item, heads.get(event.kind, ""))
    if event.kind == "item.transferred" and (old := (event.before or {}).get("post_id")):
        over = f"【督办】已改由{item.post}承办：{item.what[:30]}"
        _tell(item, Post.objects.filter(pk=old), over, ("app", "sms"))
    _tell(item, [item.post, *item.helpers.select_related("organisation")], text, ("app", "sms"))


@transaction.atomic
def tell_over(event: Event) -> None:
    """An item was withdrawn: who had it is told, and nobody is called about it any more."""
    item = _item(subject_pk(event))
    cancel(subject_kind="item", subject_id=str(item.pk), by=SYSTEM)
    if event.kind == "item.withdrawn" and item.post:
        _tell(item, [item.post], f"【督办】已撤回，不用再办：{item.what[:30]}", ("app", "sms"))


@transaction.atomic
def tell_superior(event: Event) -> None:
    """Not signed for in time: the owner again, by voice, and his superior."""
    item = _item(subject_pk(event))
    if item.state != "assigned" or item.post is None:
        return
    above = item.post.superior or fallback_post()
    _tell(item, [item.post], _text(item, "未签收："), ("sms", "voice"))
    _tell(item, [above] if above else [], _text(item, f"{item.post.name}未签收："), ("app", "sms"))


@transaction.atomic
def send_letter(event: Event) -> None:
    """A moment of the clock came: if the item stands in another colour now, its letter goes out."""
    item = _item(subject_pk(event))
    if item.state not in WORKING or item.deadline_at is None or item.assigned_at is None:
        return
    content = supervision(item.assigned_at)
    colour = colour_now(
        at=clock.now() + timedelta(milliseconds=1),
        assigned_at=item.assigned_at,
        deadline_at=item.deadline_at,
        progressed=item.progressed_at is not None,
        content=content,
    )
    if not colour or colour == item.letter:
        return
    row = next(each for each in content["letters"] if each["colour"] == colour)
    Item.objects.filter(pk=item.pk).update(letter=colour, letter_at=clock.now())
    item.refresh_from_db()
    told = _tell(item, _receivers(item, row), _text(item, f"{row['zh']}："), ("app", "sms"))
    after = {"colour": colour, "told": told, "deadline": item.deadline_at}
    record("item.letter", subject=item, by=SYSTEM, after=after)


def _receivers(item: Item, row: Mapping[str, Any]) -> list[Post]:
    above = item.post.superior if item.post else None
    leader = above.superior if above and above.superior else fallback_post()
    of = {"owner": item.post, "superior": above, "leader": leader}
    return [post for name in row["to"] if (post := of.get(name)) is not None]


@transaction.atomic
def take_answer(event: Event) -> None:
    """An answer by text or link: 1 signs, 2 reports done, anything else is progress."""
    about = event.after or {}
    kind, _, key = str(about.get("about", "")).partition(":")
    if kind != "item":
        return
    item, person = _item(int(key)), Person.objects.get(pk=about["person"])
    post = about.get("post") or item.post_id
    place = item.post.place.path if item.post else ""
    by = Seat(person.pk, post, person.name, "responder", place)
    said = str(about["answer"])
    verb = read_reply(said, edition("replies", clock.now()).content)
    seats = {seat.post_id for seat in seats_of_person(person)}  # he may have left since
    if item.state not in WORKING or post not in _owning(item) or post not in seats:
        return
    if item.state == "assigned":
        sign_item(item=item, by=by)
    if verb == "done":
        report_item(item=item, proof=said, by=by)
    elif verb != "received" and said.strip():
        progress_item(item=item, note=said, by=by)


@transaction.atomic
def follow_merged(event: Event) -> None:
    """The open items of an organisation that was merged go to the posts that answer now."""
    posts = {int(old): int(new) for old, new in (event.after or {}).get("posts", {}).items()}
    targets = Post.objects.select_related("organisation", "place").in_bulk(list(posts.values()))
    hand_over(posts={old: targets[new] for old, new in posts.items()}, reason="单位并入")


def _owning(item: Item) -> set[int | None]:
    return {item.post_id, *item.helpers.values_list("pk", flat=True)}
