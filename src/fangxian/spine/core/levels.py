"""Levels I to IV, the same for both hazards. Which level holds is decided by rules elsewhere."""

from enum import IntEnum


class Level(IntEnum):
    """I is the worst."""

    I = 1  # noqa: E741
    II = 2
    III = 3
    IV = 4

    @property
    def roman(self) -> str:
        return self.name

    @property
    def numeral(self) -> str:
        return "ⅠⅡⅢⅣ"[self - 1]

    @property
    def colour_zh(self) -> str:
        return "红橙黄蓝"[self - 1]

    @property
    def colour_en(self) -> str:
        return ("Red", "Orange", "Yellow", "Blue")[self - 1]

    @property
    def shape(self) -> str:
        return "▲◆●■"[self - 1]


CHOICES = [(level.value, level.name) for level in Level]
