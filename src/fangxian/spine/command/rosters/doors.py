"""The doors of rosters: which there are, who is on them, and turns made elsewhere."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from fangxian.spine.core.door import Field, Row, Wrong
from fangxian.spine.core.door_rows import Col, number_col, rows_door
from fangxian.spine.registry.doors.cols import choice_col, day_col, moment_col, post_col
from fangxian.spine.registry.doors.look import Look, person_text

from .models import ROLES, Member, Roster, Turn
from .rules import WEEK


def _roles(look: Any) -> dict[str, tuple[str, str]]:
    return ROLES


def person_col(zh: str = "人员", en: str = "Person", **more: Any) -> Col:
    def put(row: Any, text: str, look: Any) -> None:
        row.person = look.person(text) if text else None
        if isinstance(row, Turn):
            row.digest_at = None  # whoever is on it now has not been told

    field = Field("person", zh, en, known=lambda look: look.people_texts, **more)
    return Col(field, lambda row: person_text(row.person) if row.person else "", put)


class RosterLook(Look):
    """The registry, and the rosters by the names of their posts."""

    def __init__(self) -> None:
        super().__init__()
        self.rosters = {str(one.post): one for one in _rosters()}


def _rosters() -> "QuerySet[Roster]":
    return Roster.objects.select_related("post__organisation", "post__place")


def roster_col() -> Col:
    def put(row: Any, text: str, look: Any) -> None:
        row.roster = look.rosters[text]

    known = lambda look: {text: text for text in look.rosters}  # noqa: E731
    field = Field("roster", "值班岗位", "Post of the roster", known=known, needed=True)
    return Col(field, lambda row: str(row.roster.post), put)


def _roster_path(row: Row, look: RosterLook) -> str:
    return look.rosters[row["roster"]].post.place.path


def _post_path(row: Row, look: Look) -> str:
    posts = {str(post): post for post in look.posts.values()}
    return posts[row["post"]].place.path


ROSTERS = rows_door(
    code="rosters",
    zh="值班表",
    en="Rosters",
    rows=_rosters,
    new=Roster,
    cols=(
        post_col("值班岗位", "Post", needed=True, hint_zh="轮流坐的岗位全称，如 …指挥部值班主班"),
        choice_col("role", "班次角色", "Role", _roles, needed=True),
        day_col("valid_from", "启用", "From", needed=True),
        day_col("valid_to", "停用", "To"),
    ),
    key=("post",),
    look=Look,
    scope=_post_path,
    right="roster.write",
    hint_zh="一个岗位一张值班表：带班领导、主班、副班各一张。谁在值班以值班表为准，不再看岗位任期。",
    hint_en="One roster a post. Who is on duty is then the roster, not the term of office.",
)
MEMBERS = rows_door(
    code="roster_members",
    zh="值班人员名单",
    en="People of rosters",
    rows=lambda: Member.objects.select_related("roster__post__organisation", "person"),
    new=Member,
    cols=(
        roster_col(),
        person_col(needed=True),
        number_col("rank", "次序", "Order", high=10_000, whole=True),
        day_col("starts_on", "自", "From", needed=True),
        day_col("ends_on", "至（不含）", "To (excluded)"),
    ),
    key=("roster", "person"),
    look=RosterLook,
    scope=_roster_path,
    right="roster.write",
)


def _judge_turn(row: Row, before: Row | None, look: RosterLook) -> Iterable[Wrong]:
    from fangxian.spine.core.canon import to_moment

    start, end = to_moment(row["starts_at"]), to_moment(row["ends_at"])
    if start and end and end <= start:
        yield "ends_at", "应晚于开始", "it ends before it begins"
    elif start and end and end - start > WEEK:
        yield "ends_at", "一个班次不超过 7 天", "a turn is at most seven days"


TURNS = rows_door(
    code="turns",
    zh="班次",
    en="Turns",
    rows=lambda: Turn.objects.select_related("roster__post__organisation", "person"),
    new=Turn,
    cols=(
        roster_col(),
        moment_col("starts_at", "开始", "Begins", needed=True, example="2026-12-01 08:30"),
        moment_col("ends_at", "结束", "Ends", needed=True, example="2026-12-02 08:30"),
        number_col("number", "席位", "Seat", low=1, high=99, whole=True, fixed="1"),
        person_col(hint_zh="空着就是缺口"),
    ),
    key=("roster", "starts_at", "number"),
    look=RosterLook,
    scope=_roster_path,
    judge=_judge_turn,
    right="roster.write",
    hint_zh="已有的值班表可整张导入；冲突（请假、两处同时值班）导入后列为缺口。",
    hint_en="A roster made elsewhere comes in whole; conflicts become gaps.",
)
LISTS = (ROSTERS, MEMBERS, TURNS)
