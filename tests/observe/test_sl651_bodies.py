"""Bodies of SL 651 in both encodings: uniform rows, arrays, times, and each way to be wrong."""

from datetime import datetime, timedelta

import pytest

from fangxian.spine.core.clock import BEIJING
from fangxian.spine.observe.intake import read_raw
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.body import decode_message
from fangxian.spine.observe.intake.sl651.encode import Address
from fangxian.spine.observe.intake.sl651.frame import FrameError, decode_frame

HERE = Address("70000001")
AT = datetime(2016, 9, 15, 3, tzinfo=BEIJING)
FIVE = timedelta(minutes=5)


def text_frame(words, function="31"):
    body = encode.ascii_start(serial=7, sent_at=AT) + b"ST 0070000001 H TT 1609150300 " + words
    return encode.frame(HERE, function, body, text=True)


def packed_frame(rest, function="31"):
    body = encode.body_start(serial=7, sent_at=AT) + encode.station_mark(HERE, "H")
    return encode.frame(HERE, function, body + encode.time_mark(AT) + rest)


def decode(raw):
    return decode_message(decode_frame(raw))


def ascii_of(words, function="31"):
    return decode(text_frame(words, function))


def packed_of(rest, function="31"):
    return decode(packed_frame(rest, function))


# -- ASCII


@pytest.mark.parametrize("function", ["31", "38"])
def test_an_ascii_row_gives_its_element_step_by_step(function):
    [value] = ascii_of(b"DRN05 Z 10.49 10.50 M 10.52 ", function).values
    assert (value.element.symbol, value.step, value.observed_at) == ("Z", FIVE, AT)
    assert value.values == (10.49, 10.5, None, 10.52)
    assert value.value is None


def test_an_ascii_row_of_two_elements_goes_step_by_step():
    z, q = ascii_of(b"DRH01 Z Q 1.0 100 2.0 M ").values
    assert (z.values, q.values) == ((1.0, 2.0), (100.0, None))
    assert (z.element.symbol, q.element.symbol) == ("Z", "Q")
    assert z.step == q.step == timedelta(hours=1)


@pytest.mark.parametrize(
    ("code", "step"),
    [
        (b"DRD01", timedelta(days=1)),
        (b"DRH06", timedelta(hours=6)),
        (b"DRN30", timedelta(minutes=30)),
    ],
)
def test_an_ascii_step_is_days_hours_or_minutes(code, step):
    assert ascii_of(code + b" Z 1 2 ").values[0].step == step


def test_ascii_rows_of_five_minute_rain_follow_each_other():
    first, second = ascii_of(b"DRN05 DRP " + b"01" * 12 + b" " + b"02" * 11 + b"FF ").values
    assert (first.values, second.values[-2:]) == ((0.1,) * 12, (0.2, None))
    assert second.observed_at - first.observed_at == timedelta(hours=1)
    assert (first.element.code, first.step, first.observed_at) == ("F4", FIVE, AT)


def test_an_ascii_row_cut_in_the_middle_of_a_step_is_refused():
    with pytest.raises(FrameError) as refused:
        ascii_of(b"DRN05 Z Q 1.0 100 2.0 ")
    assert refused.value.code == "body_truncated"


def test_outside_of_a_uniform_report_a_step_is_only_noted():
    values = ascii_of(b"DRN05 Z 10.49 Q 7 ", "32").values
    assert [(v.element.symbol, v.value, v.values) for v in values] == [
        ("Z", 10.49, None),
        ("Q", 7.0, None),
    ]


def test_a_step_of_nothing_makes_no_row():
    assert ascii_of(b"DRN00 Z 10.49 ").values[0].value == 10.49


@pytest.mark.parametrize(
    ("words", "code", "at"),
    [
        (b"Z 1o ", "bad_number", 2),
        (b"Z - ", "bad_number", 2),
        (b"XX 1 ", "unknown_element", 0),
        (b"Z 1.0", "body_truncated", 2),
        (b"Z \xff ", "bad_character", 4),
        (b"DRP 0G ", "bad_character", 4),
        (b"TT 1613150300 ", "bad_time", 14),
    ],
)
def test_a_wrong_ascii_word_is_refused_with_its_place(words, code, at):
    with pytest.raises(FrameError) as refused:
        ascii_of(words, "32")
    assert refused.value.code == code
    frame = decode_frame(text_frame(words, "32"))
    assert refused.value.at_byte == frame.body_at + len(frame.body) - len(words) + at


def test_ascii_numbers_may_lack_a_side_of_the_point():
    values = ascii_of(b"Z .5 Z -.5 Z +7. Z M ", "32").values
    assert [v.value for v in values] == [0.5, -0.5, 7.0, None]


def test_an_ascii_serial_must_be_hexadecimal():
    body = b"00G7160915030000"
    with pytest.raises(FrameError) as refused:
        decode(encode.frame(HERE, "32", body, text=True))
    assert refused.value.code == "bad_character"


def test_an_ascii_message_says_serial_times_station_and_class():
    message = ascii_of(b"Z 1 ", "32")
    assert (message.serial, message.sent_at, message.observed_at) == (7, AT, AT)
    assert (message.station, message.station_class, message.function) == ("70000001", "H", "32")


def test_ascii_words_for_people_are_kept_as_they_are():
    message = ascii_of(b"RGZS " + "水位异常".encode("gb18030"), "35")
    assert message.text == "水位异常" == message.values[-1].value


def test_empty_words_between_are_nothing():
    assert [v.value for v in ascii_of(b"Z 1  Q 2 ", "32").values] == [1.0, 2.0]


@pytest.mark.parametrize("text", [True, False])
def test_a_configuration_answer_is_only_text(text):
    start = encode.ascii_start if text else encode.body_start
    message = decode(encode.frame(HERE, "42", start(serial=1, sent_at=AT) + b"01ab", text=text))
    assert (message.text, message.values) == ("01ab" if text else "30316162", [])


# -- packed


def test_packed_rows_of_five_minute_rain_follow_each_other():
    step = bytes.fromhex("0418000005")
    rest = step + encode.rain_row([1] * 12) + bytes([2] * 12)
    first, second = packed_of(rest).values
    assert (first.values, second.values) == ((0.1,) * 12, (0.2,) * 12)
    assert second.observed_at - first.observed_at == timedelta(hours=1)


def test_packed_rows_of_levels_follow_by_their_size():
    step = bytes.fromhex("0418000005")
    rest = step + encode.level_row([100] * 12) + (200).to_bytes(2) * 12
    first, second = packed_of(rest).values
    assert (first.values[0], second.values[0]) == (1.0, 2.0)
    assert second.observed_at - first.observed_at == timedelta(hours=1)


@pytest.mark.parametrize(
    ("digits", "step"),
    [("010000", timedelta(days=1)), ("000600", timedelta(hours=6)), ("000030", 6 * FIVE)],
)
def test_a_packed_step_is_days_hours_and_minutes(digits, step):
    rest = bytes.fromhex(f"0418{digits}") + bytes.fromhex("392300010490")
    assert packed_of(rest).values[0].step == step


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("0418A00005", "bad_bcd"),
        ("0418000005392300010490000104", "body_truncated"),
        ("3923000104", "body_truncated"),
        ("392300010A90", "bad_bcd"),
        ("3903", "bad_definition"),
        ("F5180102030405", "bad_definition"),
        ("EE0801", "unknown_element"),
    ],
)
def test_a_wrong_packed_group_is_refused(rest, code):
    with pytest.raises(FrameError) as refused:
        packed_of(bytes.fromhex(rest))
    assert refused.value.code == code


def test_a_wrong_packed_value_is_refused_at_its_byte():
    frame = decode_frame(packed_frame(b"", "32"))
    at = frame.body_at + len(frame.body)
    for rest, byte in (("392300010A90", at + 2), ("EE0801", at + 1)):
        with pytest.raises(FrameError) as refused:
            packed_of(bytes.fromhex(rest), "32")
        assert refused.value.at_byte == byte - (rest[:2] == "EE")


def test_an_array_without_a_size_has_the_one_of_its_kind():
    rain, level = (
        packed_of(bytes.fromhex(guide) + bytes(size), "34").values[0]
        for guide, size in (("F400", 12), ("F500", 24))
    )
    assert (len(rain.values), len(level.values)) == (12, 12)


def test_an_element_of_the_makers_own_is_taken_with_its_number():
    value = packed_of(bytes.fromhex("FF01110123"), "32").values[0]
    assert (value.element.code, value.value) == ("FF01", 12.3)


def test_the_status_word_is_no_number():
    assert packed_of(bytes.fromhex("4520000000A0"), "32").values[0].value == "000000A0"
    assert ascii_of(b"ZT 000000A0 ", "32").values[0].value == "000000A0"


def test_a_full_byte_of_rain_is_doubted_and_a_full_level_is_not():
    assert packed_of(encode.rain_row([254] + [0] * 11), "34").values[0].saturated
    assert not packed_of(encode.rain_row([253] + [0] * 11), "34").values[0].saturated
    assert not packed_of(encode.level_row([0xFFFE] * 12), "34").values[0].saturated


# -- readings


def runs(raw):
    return read_raw(raw).runs


def test_a_uniform_row_becomes_one_run_with_its_step():
    [run] = runs(text_frame(b"DRH01 Z 1.0 M 2.0 "))
    assert (run.element, run.unit, run.at_s, run.every_s, run.step_s) == (
        "Z",
        "m",
        int(AT.timestamp()),
        3600,
        3600,
    )
    assert run.values == (1.0, None, 2.0)


def test_rain_and_levels_of_an_hour_become_runs_of_five_minutes():
    rest = encode.rain_row([254, *[1] * 11]) + encode.level_row([5] * 12)
    rest += encode.level_row([6] * 12, row=2)
    rain, level, second = runs(packed_frame(rest, "34"))
    assert (rain.element, rain.unit, rain.every_s, rain.step_s) == ("P5", "mm", 300, 300)
    assert (rain.doubted, rain.relative) == ({0: "saturated"}, False)
    assert [(r.element, r.unit, r.relative) for r in (level, second)] == [
        ("DRZ1", "m", True),
        ("DRZ2", "m", False),
    ]


def test_a_single_value_is_a_run_of_one_under_its_own_name():
    [z, rain] = runs(text_frame(b"Z 1.0 PN05 2.5 ", "32"))
    assert (z.element, z.values, z.every_s, z.step_s) == ("Z", (1.0,), 0, None)
    assert (rain.element, rain.values) == ("P5", (2.5,))


@pytest.mark.parametrize("function", ["30", "36", "45"])
def test_tests_pictures_and_answers_are_no_readings(function):
    assert runs(text_frame(b"Z 1.0 ", function)) == []


def test_a_value_without_a_time_is_no_reading():
    body = encode.ascii_start(serial=7, sent_at=AT) + b"ST 0070000001 H Z 1.0 "
    assert runs(encode.frame(HERE, "32", body, text=True)) == []


def test_a_batch_is_of_its_station_and_once():
    batch = read_raw(text_frame(b"DRH01 Z 1.0 M 2.0 "))
    assert (batch.station, batch.once, batch.n, batch.form) == ("70000001", True, 3, "sl651")
