"""Whether the people of teams that are out are well: asked by timer, answered by text, a gap when
they do not answer."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from fangxian.spine.command.field import out
from fangxian.spine.command.models import OVER, Order, Plea
from fangxian.spine.command.replies import read_reply
from fangxian.spine.core import clock
from fangxian.spine.core.editions import edition
from fangxian.spine.core.events import record
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.reach.telling import tell
from fangxian.spine.ready.models import Dispatch
from fangxian.spine.ready.rules import number
from fangxian.spine.registry.models import Person
from fangxian.spine.registry.read import fallback_post, holder, seats_of_person

from .pleas import plead

SUBJECT = "dispatch"


def check_field(*, by: Seat) -> int:
    """Ask each team that has not been heard of for so long. How many were asked."""
    require(by, "message.tell")
    now = clock.now()
    every = timedelta(minutes=number("field_check_min", now))
    quiet = Q(heard_at=None, sent_at__lte=now - every) | Q(heard_at__lte=now - every)
    unasked = Q(asked_at=None) | Q(asked_at__lte=now - every)
    return sum(_ask(one, by) for one in out().filter(quiet & unasked))


@transaction.atomic
def _ask(one: Dispatch, by: Seat) -> int:
    now = clock.now()
    person = holder(one.team.post) if one.team.post else None
    if not Dispatch.objects.filter(pk=one.pk, asked_at=one.asked_at).update(asked_at=now):
        return 0
    record("team.asked", subject=one, by=by, after={"team": one.team.name})
    if person is None:
        return 0
    tell(
        subject_kind=SUBJECT,
        subject_id=str(one.pk),
        text=f"【报平安】{one.team.name}在{one.place.name}：人员是否平安？回1平安，要增援回3",
        level=Level.II,
        person=person,
        post=one.team.post,
        channels=("app", "sms"),
        step=int(now.timestamp()) // 60,
        expires_at=now + timedelta(hours=12),
        by=SYSTEM,
    )
    return 1


@transaction.atomic
def hear_field(event: Event) -> None:
    """They answered: all is well, or a call for help, which goes where every such call goes."""
    about = event.after or {}
    kind, _, key = str(about.get("about", "")).partition(":")
    if kind != SUBJECT:
        return
    one = Dispatch.objects.select_related("team__post__superior", "place").get(pk=int(key))
    person = Person.objects.get(pk=about["person"])
    here = about.get("post") in {seat.post_id for seat in seats_of_person(person)}
    by = Seat(person.pk, about.get("post"), person.name, "responder", one.place.path)
    said = str(about["answer"])
    record("team.heard", subject=one, by=by, after={"said": said})
    order = Order.objects.filter(about_kind=SUBJECT, about_key=str(one.pk)).last()
    verb = read_reply(said, edition("replies", clock.now()).content)
    asks = verb in {"help", "cannot"}
    if not here and not asks:
        return  # he has left: that all is well has to come from whoever leads the team now
    if order is not None and verb != "received":
        what = Plea.Kind.HELP if asks else Plea.Kind.UNCLEAR
        if order.state not in OVER or asks:
            plead(order=order, kind=what, text=said, by=by)
    elif order is None and asks:  # nobody commands it here: the superior is called
        _call_superior(one, said)
        return
    if here:
        Dispatch.objects.filter(pk=one.pk).update(heard_at=clock.now())


def _call_superior(one: Dispatch, said: str) -> None:
    """The team stays a gap until it is heard of again."""
    above = (one.team.post.superior if one.team.post else None) or fallback_post()
    person = holder(above) if above else None
    if above is None or person is None:
        return
    tell(
        subject_kind=SUBJECT,
        subject_id=str(one.pk),
        text=f"【求助】{one.team.name}在{one.place.name}：{said[:30]}",
        level=Level.I,
        person=person,
        post=above,
        channels=("app", "sms", "voice"),
        step=int(clock.now().timestamp()) // 60,
        expires_at=clock.now() + timedelta(hours=12),
        by=SYSTEM,
    )
