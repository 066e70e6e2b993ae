"""A broken glass is told at once to whoever answers for the place of the person looked at."""

from django.db import transaction

from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.people.models import Glass
from fangxian.spine.people.rules import review_within
from fangxian.spine.reach.telling import tell
from fangxian.spine.registry.models import Post
from fangxian.spine.registry.read import holder, owners

SUBJECT = "glass"


@transaction.atomic
def tell_of_glass(event: Event) -> None:
    """By text, without a word of who it was. Where nobody answers for the place there is nobody to
    tell, and that is a gap of the registry already."""
    glass = Glass.objects.select_related("person__place").get(pk=(event.after or {})["glass"])
    place = glass.person.place
    post = Post.objects.filter(pk=owners("place", place.code).get(place.code) or 0).first()
    person = holder(post) if post else None
    if post is None or person is None:
        return
    tell(
        subject_kind=SUBJECT,
        subject_id=str(glass.pk),
        text=f"{place.name}有1人资料被应急查看，请复核",
        level=None,
        person=person,
        post=post,
        channels=("sms",),
        expires_at=glass.from_at + review_within(glass.from_at),
        by=SYSTEM,
    )
