"""The cover rules of sites and posts: the registry lies below this room, so its rules are worded
here."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache

from fangxian.spine.registry.cover import (
    holders_without_account,
    posts_without_holder,
    terms_of_the_gone,
)
from fangxian.spine.registry.models import Post, Site, Term, WaveChange
from fangxian.spine.registry.read import owners
from fangxian.spine.registry.registers import ROLES
from fangxian.spine.registry.sites import (
    kind_words,
    sites_elsewhere,
    sites_without_duty,
    sites_without_position,
)

from .engine import CoverRule, Judged, Uncovered, judged


class _Sites:
    """Gaps of sites with their owners, of whom each kind is asked for once a sweep."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.owners = cache(owners)

    def gap(self, site: Site, **told: str) -> Uncovered:
        zh, en = kind_words(site.kind)
        fields = {"site": site.name, "code": site.code, "kind": zh, "kind_en": en, **told}
        owner = self.owners(site.kind).get(site.code)
        owner = owner or self.owners("place").get(site.place.code)
        return Uncovered(
            "site", _key(site), site.valid_from or self.at, owner, site.place_id, fields
        )


def _key(site: Site) -> str:
    return f"{site.kind}:{site.code}"


def without_duty(at: datetime) -> Iterator[Judged]:
    lacking = {_key(site): (site, roles) for site, roles in sites_without_duty(at)}
    sites = _Sites(at)

    def judge(key: str) -> Uncovered:
        site, roles = lacking[key]
        words = [ROLES[role] for role in roles]
        zh, en = "、".join(w[0] for w in words), ", ".join(w[1] for w in words)
        return sites.gap(site, roles=zh, roles_en=en)

    return judged("site-without-duty", "site", lacking, judge)


def without_position(at: datetime) -> Iterator[Judged]:
    rows = sites_without_position(at)
    return judged("site-without-position", "site", rows, _Sites(at).gap, key=_key)


def elsewhere(at: datetime) -> Iterator[Judged]:
    found = {_key(site): (site, where) for site, where in sites_elsewhere(at)}
    sites = _Sites(at)

    def judge(key: str) -> Uncovered:
        site, where = found[key]
        told = {"place": site.place.name, "where": where or "市外", "where_en": where or "outside"}
        return sites.gap(site, **told)

    return judged("site-elsewhere", "site", found, judge)


def vacant(at: datetime) -> Iterator[Judged]:
    def judge(post: Post) -> Uncovered:
        told = {"post": str(post)}
        return Uncovered("post", str(post.pk), at, post.superior_id, post.place_id, told)

    return judged("post-vacant", "post", posts_without_holder(at), judge)


def without_account(at: datetime) -> Iterator[Judged]:
    def judge(term: Term) -> Uncovered:
        told = {"post": str(term.post), "person": term.person.name}
        place, owner = term.post.place_id, term.post_id
        return Uncovered("term", str(term.pk), term.starts_at, owner, place, told)

    return judged("holder-without-account", "term", holders_without_account(at), judge)


def gone(at: datetime) -> Iterator[Judged]:
    def judge(term: Term) -> Uncovered:
        told = {"post": str(term.post), "person": term.person.name}
        since, place = term.person.gone_at or at, term.post.place_id
        return Uncovered("term", str(term.pk), since, term.post.superior_id, place, told)

    return judged("holder-gone", "term", terms_of_the_gone(at), judge)


def unsigned(at: datetime) -> Iterator[Judged]:
    """Hand-overs of a change of office whose day has come and that are not signed."""

    def judge(change: WaveChange) -> Uncovered:
        told = {"post": str(change.post), "wave": change.wave.name}
        told |= {"person": change.successor.name if change.successor else "—"}
        post = change.post
        owner = post.superior_id if change.outcome == "interim" else post.pk
        return Uncovered("wavechange", str(change.pk), change.wave.at, owner, post.place_id, told)

    rows = WaveChange.objects.filter(
        wave__state="carried", outcome__in=("interim", "stays"), handover__passed_at=None
    ).select_related("wave", "post__organisation", "successor")
    return judged("handover-late", "wavechange", rows, judge)


RULES = [
    CoverRule(
        "handover-late",
        "换届未交接",
        "Change of office not handed over",
        "{post}：{wave}已到期，{person} 未交接签字",
        "{post}: {wave} has come, and {person} has not signed for it",
        unsigned,
        every_s=300,
    ),
    CoverRule(
        "site-without-duty",
        "场所无责任人",
        "Site without duty",
        "{kind} {site}（{code}）未登记{roles}",
        "{kind_en} {site} ({code}): nobody is written down as {roles_en}",
        without_duty,
        every_s=600,
        door="duties",
    ),
    CoverRule(
        "site-without-position",
        "场所无位置",
        "Site without position",
        "{kind} {site}（{code}）没有经纬度，地图上看不到",
        "{kind_en} {site} ({code}) has no position and is not on the map",
        without_position,
        every_s=3600,
        door="sites",
    ),
    CoverRule(
        "site-elsewhere",
        "场所位置不符",
        "Site in another county",
        "{kind} {site}（{code}）登记在{place}，坐标却在{where}；坐标系写对了吗？",
        "{kind_en} {site} ({code}) is entered at {place} and lies in {where_en}",
        elsewhere,
        every_s=3600,
        door="sites",
    ),
    CoverRule(
        "post-vacant",
        "岗位空缺",
        "Vacant post",
        "{post} 无人在任",
        "{post}: nobody holds it",
        vacant,
        every_s=600,
        door="terms",
    ),
    CoverRule(
        "holder-gone",
        "任职人不在岗",
        "Holder is gone",
        "{post}：{person} 已不能履职，没有上级可代管，请任命",
        "{post}: {person} is gone and no superior can stand in; appoint somebody",
        gone,
        every_s=60,
    ),
    CoverRule(
        "holder-without-account",
        "值守岗位无账号",
        "Desk post without account",
        "{post}{person} 没有账号，不能登录值守",
        "{person} ({post}) has no account and cannot log in",
        without_account,
        every_s=600,
        door="users",
    ),
]
