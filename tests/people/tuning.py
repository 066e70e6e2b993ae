"""A plain generator of persons and damaged records on which the weights of matching were chosen.
What they reach is measured on another one."""

import random
from dataclasses import replace

from fangxian.spine.people.identity import check_digit
from fangxian.spine.people.matching import Record
from fangxian.spine.people.names import syllables

SURNAMES = "陈林黄张吴李王蔡郑许杨洪曾郭罗谢叶苏沈庄"
GIVEN = "志明伟建国文华海峰秀英丽珠阿福水木金山德胜春兰美玉振东晓燕永安世平小芳强军敏静勇艳涛"
HOMOPHONES = (
    "伟玮炜",
    "晓小筱",
    "明铭鸣",
    "芳方",
    "志智",
    "建健",
    "华桦",
    "丽莉俐",
    "英瑛莹",
    "玉钰",
)
TRADITIONAL = str.maketrans("陈张吴杨罗谢叶苏庄伟国华丽兰东", "陳張吳楊羅謝葉蘇莊偉國華麗蘭東")
TOWNS = (
    "和溪镇林坂村",
    "角美镇东山村",
    "靖城镇郑店村",
    "龙山镇竹溪村",
    "绥安镇大亭村",
    "云陵镇享堂村",
)


def person(rng: random.Random) -> Record:
    given = "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2, 2))))
    year, month, day = rng.randint(1935, 2015), rng.randint(1, 12), rng.randint(1, 28)
    sex = rng.choice("MF")
    order = rng.randrange(0, 999)
    order += (order % 2 == 0) != (sex == "F")
    digits = f"{rng.choice(('350681', '350625', '350627', '350623'))}{year}{month:02d}{day:02d}"
    digits += f"{order:03d}"
    return Record(
        name=rng.choice(SURNAMES) + given,
        sex=sex,
        birth=f"{year}-{month:02d}-{day:02d}",
        id_kind="idcard",
        id_number=digits + check_digit(digits),
        phone=f"13{rng.randrange(10**9):09d}" if rng.random() < 0.8 else "",
        address=rng.choice(TOWNS) + f"{rng.randint(1, 400)}号",
    )


def damaged(one: Record, rng: random.Random) -> Record:
    """The record as another clerk writes it: mostly one thing wrong or missing."""
    for _ in range(rng.choice((0, 1, 1, 2))):
        one = rng.choice(DAMAGES)(one, rng)
    return one


def _homophone(one: Record, rng: random.Random) -> Record:
    for group in HOMOPHONES:
        for n, character in enumerate(one.name):
            if character in group and n:
                other = rng.choice([c for c in group if c != character])
                return replace(one, name=one.name[:n] + other + one.name[n + 1 :])
    return one


def _digit(text: str, rng: random.Random) -> str:
    if len(text) < 2:
        return text
    n = rng.randrange(len(text) - 1)
    return text[:n] + rng.choice("0123456789") + text[n + 1 :]


DAMAGES = (
    _homophone,
    lambda one, rng: replace(one, name=one.name.translate(TRADITIONAL)),
    lambda one, rng: replace(one, name=" ".join(one.name)),
    lambda one, rng: replace(one, id_number=""),
    lambda one, rng: replace(one, id_number=_digit(one.id_number, rng)),
    lambda one, rng: replace(one, id_number=one.id_number.lower()),
    lambda one, rng: replace(one, phone=""),
    lambda one, rng: replace(one, phone=_digit(one.phone, rng)),
    lambda one, rng: (
        replace(one, birth=f"{one.birth[:5]}{one.birth[8:]}-{one.birth[5:7]}")
        if one.birth[8:] <= "12"
        else one
    ),
    lambda one, rng: replace(one, birth=""),
    lambda one, rng: replace(one, sex=""),
    lambda one, rng: replace(one, address=one.address[:3]),
    lambda one, rng: replace(one, id_number=one.id_number[:15] + "000"),
    lambda one, rng: replace(one, id_kind="passport", id_number=f"E{rng.randrange(10**8):08d}"),
    lambda one, rng: replace(one, phone=f"15{rng.randrange(10**9):09d}"),
    lambda one, rng: replace(one, name=one.name[:-1]) if len(one.name) > 2 else one,
    lambda one, rng: replace(one, birth=one.birth[:4]),
    lambda one, rng: replace(one, name="".join(syllables(one.name))),
    lambda one, rng: replace(one, id_number=person(rng).id_number) if one.birth > "2010" else one,
)


def twin(one: Record, rng: random.Random) -> Record:
    """A sister or brother of the same day: the next number, another given name, one phone."""
    order = int(one.id_number[14:17]) + 2
    digits = f"{one.id_number[:14]}{order % 1000:03d}"
    name = one.name[:-1] + rng.choice([c for c in GIVEN if c != one.name[-1]])
    return replace(one, name=name, id_number=digits + check_digit(digits))


def namesake(one: Record, rng: random.Random) -> Record:
    """Somebody else of the same name."""
    return replace(person(rng), name=one.name)


def queries(register: list[Record], n: int, seed: int) -> list[tuple[Record, int]]:
    """Damaged records of the register's persons, and of others who are like them (-1)."""
    rng = random.Random(seed)
    found = []
    for _ in range(n):
        k = rng.randrange(len(register))
        draw = rng.random()
        if draw < 0.75:
            found.append((damaged(register[k], rng), k))
        elif draw < 0.85:
            found.append((twin(register[k], rng), -1))
        elif draw < 0.95:
            found.append((namesake(register[k], rng), -1))
        else:
            found.append((person(rng), -1))
    return found
