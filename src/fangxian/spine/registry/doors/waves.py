"""The door of a change of many office-holders: a row a post, who follows, whether the old one
leaves on the day. A wave whose hand-overs are open is changed no more."""

from collections.abc import Iterable
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.canon import moment, moment_text, short, to_moment
from fangxian.spine.core.door import Field, Row, Wrong
from fangxian.spine.core.door_rows import Col, rows_door
from fangxian.spine.registry.models import Wave, WaveChange

from .cols import flag_col, post_col
from .look import Look, person_text


class WaveLook(Look):
    def __init__(self) -> None:
        super().__init__()
        self.waves = {wave.name: wave for wave in Wave.objects.all()}


def _put_wave(row: Any, text: str, look: Any) -> None:
    wave = look.waves.get(text)
    if wave is None:
        wave = look.waves[text] = Wave.objects.create(name=text, at=clock.now())
    row.wave = wave


def _put_at(row: Any, text: str, look: Any) -> None:
    at = to_moment(text)
    if at and row.wave.at != at:
        row.wave.at = at
        row.wave.save(update_fields=["at"])


def _put_successor(row: Any, text: str, look: Any) -> None:
    row.successor = look.person(text) if text else None


def _judge(row: Row, before: Row | None, look: WaveLook) -> Iterable[Wrong]:
    wave = look.waves.get(row["wave"])
    if wave and wave.state != "planned":
        zh, en = WAVE_OVER
        yield "wave", zh, en
    at = to_moment(row["at"])
    if at and at <= clock.now():
        yield (
            "at",
            "换届时刻应在以后；已经发生的请登记任期",
            "it is to come; enter past terms as such",
        )


WAVE_OVER = (
    "这次换届已开始交接，不能再改；请取消后另拟",
    "its hand-overs are open; withdraw it first",
)
WAVES = rows_door(
    code="waves",
    zh="换届",
    en="Changes of office",
    rows=lambda: WaveChange.objects.select_related("wave", "post__organisation", "successor"),
    new=WaveChange,
    cols=(
        Col(
            Field("wave", "换届名称", "Name", short(80), needed=True, example="2026 年乡镇换届"),
            lambda row: row.wave.name,
            _put_wave,
        ),
        Col(
            Field("at", "生效", "From", moment, needed=True, example="2026-12-20 09:00"),
            lambda row: moment_text(row.wave.at),
            _put_at,
        ),
        post_col("岗位", "Post", needed=True, hint_zh="岗位全称"),
        Col(
            Field(
                "successor",
                "接任人",
                "Who follows",
                known=lambda look: look.people_texts,
                hint_zh="空着由上级代管",
            ),
            lambda row: person_text(row.successor) if row.successor else "",
            _put_successor,
        ),
        flag_col("leaves", "原任到期离任", "The old one leaves"),
    ),
    key=("wave", "post"),
    look=WaveLook,
    scope=lambda row, look: _path(row, look),
    judge=_judge,
    right="term.end",
    hint_zh="一次换届几百个岗位一张表。导入后先看证明，再开始交接；签字前责任仍在原任。",
    hint_en="Hundreds of posts in one table. Look at the proof, then open the hand-overs.",
)


def _path(row: Row, look: WaveLook) -> str:
    posts = {str(post): post for post in look.posts.values()}
    return posts[row["post"]].place.path
