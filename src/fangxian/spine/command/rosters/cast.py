"""Rosters for a synthetic staff: the watch of the city's headquarters, for drills and demos."""

from datetime import datetime, timedelta

from django.db import transaction

from fangxian.spine.core import clock
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.models import Organisation, Person, Post
from fangxian.spine.registry.seal import mask_phone, seal

from .models import Member, Role, Roster
from .write import lay

NAMES = {
    "leader": ("带班领导", "leader on duty", "commander"),
    "main": ("值班主班", "duty officer", "duty_officer"),
    "deputy": ("值班副班", "second duty officer", "duty_officer"),
}
# invented people of the watch, beside whoever holds the post by office
GIVEN = ("建川", "晓琳", "国栋", "秀梅", "志远", "文静")
SURNAMES = {"flood": "江何潘卢", "epidemic": "严方白石"}


@transaction.atomic
def make_rosters(*, since: datetime, days: int, by: Seat) -> int:
    """Three rosters for each headquarters of the city, filled for so many days from ``since``."""
    first = clock.beijing(since).date()
    n = 0
    for hq in Organisation.objects.filter(kind="headquarters", place__kind="city").order_by("pk"):
        for k, (role, (name, name_en, right)) in enumerate(NAMES.items()):
            post, _ = Post.objects.get_or_create(
                organisation=hq,
                place=hq.place,
                name=name,
                defaults={
                    "name_en": name_en,
                    "role": right,
                    "superior": hq.post_set.order_by("pk").first(),
                },
            )
            roster = Roster.objects.create(post=post, role=Role(role), valid_from=first)
            people = [term.person for term in post.terms.filter(ends_at=None)]
            people += _invented(hq.headquarters, k)
            Member.objects.bulk_create(
                Member(roster=roster, person=person, rank=rank, starts_on=first)
                for rank, person in enumerate(people)
            )
            until = since + timedelta(days=days)
            lay(roster=roster, since=since, until=until, from_=since)
            n += 1
    return n


def _invented(kind: str, k: int) -> list[Person]:
    """Five people who share a role's turns; 198 0000 xxxx is no subscriber's number."""
    surnames = SURNAMES.get(kind, "温")
    found = []
    for m in range(5):
        code = f"D{kind[0].upper()}{k}{m}"
        phone = f"1980000{ord(kind[0]) % 10}{k}{m}0"
        person = Person(
            code=code,
            name=f"{surnames[(k + m) % len(surnames)]}{GIVEN[(2 * k + m) % len(GIVEN)]}",
            phone_sealed=seal(phone),
            phone_masked=mask_phone(phone),
            email=f"{code.lower()}@example.invalid",
            synthetic=True,
        )
        person.save()
        found.append(person)
    return found
