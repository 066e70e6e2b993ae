"""Identity numbers: what is right, what is wrong with the rest, each for its own reason."""

import json
from datetime import date

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from fangxian.cli.people import people_command
from fangxian.spine.people import identity
from fangxian.spine.people.districts import district_of
from fangxian.spine.people.identity import check_digit, judge_mrz, judge_number

TODAY = date(2026, 11, 29)


def card(first17):
    return first17 + check_digit(first17)


def judge(text):
    return judge_number(text, today=TODAY)


def test_the_published_number_is_right():
    found = judge("11010519491231002X")
    told = (found.ok, found.kind, found.birth, found.sex, found.district, found.why)
    assert told == (True, "idcard", "1949-12-31", "F", "北京市朝阳区", "")


@pytest.mark.parametrize(
    ("code", "born", "name"),
    [
        ("350681", "19800412", "福建省漳州市龙海市"),
        ("350625", "19750304", "福建省漳州市长泰县"),
        ("350604", "20220301", "福建省漳州市龙海区"),
        ("352521", "19700101", "福建省龙溪地区龙海县"),
    ],
)
def test_a_card_keeps_the_district_of_its_day(code, born, name):
    found = judge(card(f"{code}{born}001"))
    assert (found.ok, found.district) == (True, name)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("110105194912310021", "校验码错"),
        (card("35068120230230001"), identity.DAY),
        (card("99999919800101001"), identity.DISTRICT),
        (card("35062120050101001"), identity.ENDED),  # 龙海县 ended in 1993
        (card("35060420301231001"), identity.FUTURE),
        (card("35060418991231001"), identity.ANCIENT),
        ("350681800412001", identity.OLD),
        ("35068119800412001", identity.LENGTH),
        ("", identity.EMPTY),
        ("不知道", identity.FORM),
    ],
)
def test_each_fault_has_its_own_reason(number, reason):
    found = judge(number)
    assert not found.ok
    assert reason in found.why


def test_full_width_is_folded_and_said():
    found = judge("１１０１０５１９４９１２３１００２ｘ")
    assert (found.ok, found.why) == (True, identity.FOLDED)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("H12345678", "hkmo_permit"), ("01234567", "tw_permit"), ("E12345678", "passport")],
)
def test_permits_and_passports_are_told_apart(text, kind):
    assert (judge(text).ok, judge(text).kind) == (True, kind)


CARDS = r"350627(19[3-9]\d|20[01]\d)(0[1-9]|1[0-2])(0[1-9]|1\d|2[0-8])\d{3}"


@given(st.from_regex(CARDS, fullmatch=True), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(first, place, more):
    number = card(first)
    digit = (int(number[place]) + more) % 10
    assert not judge(number[:place] + str(digit) + number[place + 1 :]).ok


def test_a_district_that_began_after_the_birth_can_be():
    assert district_of("350604", 1980) == ("福建省漳州市龙海区", True)


LINES = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)


def test_the_lines_of_a_passport_are_read():
    found = judge_mrz("\n".join(LINES), today=TODAY)
    assert (found.ok, found.birth, found.sex, found.why) == (True, "1974-08-12", "F", "")
    assert identity.mrz_name(LINES[0]) == ("ERIKSSON", "ANNA MARIA")


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (2, identity.NUMBER_CHECK),
        (15, identity.BIRTH_CHECK),
        (22, identity.EXPIRY_CHECK),
        (30, identity.PERSONAL_CHECK),
        (43, identity.WHOLE_CHECK),
    ],
)
def test_a_wrong_place_in_the_lines_is_named(place, reason):
    line = LINES[1]
    other = str((int(line[place]) + 1) % 10)
    found = judge_mrz(LINES[0] + line[:place] + other + line[place + 1 :], today=TODAY)
    assert (found.ok, found.why) == (False, reason)


def test_a_file_is_judged_row_by_row_and_never_told_on(tmp_path):
    rows = ["11010519491231002X", "110105194912310021", "H12345678"]
    (tmp_path / "a.csv").write_text("id_number\n" + "\n".join(rows) + "\n")
    done = CliRunner().invoke(people_command, ["check", str(tmp_path / "a.csv"), "--json"])
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["ok"] for row in told] == [True, False, True]
    assert set(told[0]) == {"ok", "kind", "birth", "sex", "district", "why"}
    assert done.exit_code == 3
    assert not any(number in done.output for number in rows)
