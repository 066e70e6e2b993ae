"""Frames of SL 651: decoded field by field or rejected with the reason and the place."""

import json
import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from story import SHARED

from fangxian.spine.core.clock import BEIJING
from fangxian.spine.observe.intake import read_raw
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.assemble import Assembler
from fangxian.spine.observe.intake.sl651.body import decode_message
from fangxian.spine.observe.intake.sl651.encode import Address
from fangxian.spine.observe.intake.sl651.frame import ESC, NAK, FrameError, cut_frames, decode_frame

HERE = Address("70000001")
AT = datetime(2016, 9, 15, 3, tzinfo=BEIJING)


def hourly(rain=(0,) * 12, level=None, text=False):
    """An hourly report made by our own encoder."""
    body = encode.body_start(serial=7, sent_at=AT) + encode.station_mark(HERE, "H")
    body += encode.time_mark(AT - timedelta(minutes=55)) + encode.rain_row(rain)
    if level is not None:
        body += encode.level_row(level)
    body += encode.time_mark(AT) + encode.element("26", 40.5, size=3, decimals=1)
    body += encode.element("39", 10.49, size=4, decimals=3)
    return body


def decode(raw):
    return decode_message(decode_frame(raw))


def test_worked_values_of_the_standard():
    body = encode.body_start(serial=1, sent_at=AT) + encode.station_mark(HERE, "H")
    body += encode.time_mark(AT) + bytes.fromhex("392300010490201900004038121099")
    values = {v.element.symbol: v.value for v in decode(encode.frame(HERE, "32", body)).values}
    assert values == {"Z": 10.49, "PJ": 4.0, "VT": 10.99}


def test_an_element_belongs_to_the_last_time_before_it():
    message = decode(encode.frame(HERE, "34", hourly(level=[10] * 12)))
    times = {v.element.symbol: v.observed_at for v in message.values}
    assert times["DRP"] == times["DRZ1"] == AT - timedelta(minutes=55)
    assert times["PT"] == times["Z"] == AT


def test_ff_is_missing_and_fe_is_full():
    row = decode(encode.frame(HERE, "34", hourly([None, 300, 0, *[1] * 9]))).values[0]
    assert row.values[:4] == (None, 25.4, 4.6, 0.1)
    assert row.saturated


def test_a_negative_number_has_a_leading_ff():
    body = encode.body_start(serial=1, sent_at=AT) + encode.station_mark(HERE, "H")
    body += encode.time_mark(AT) + encode.element("39", -1.25, size=4, decimals=3)
    assert decode(encode.frame(HERE, "32", body)).values[0].value == -1.25


def test_the_ascii_form_says_the_same():
    start = encode.ascii_start(serial=7, sent_at=AT)
    words = b"ST 0070000001 H TT 1609150300 PJ 4.0 Z -1.250 DRP " + b"00FE0AFF" * 3 + b" VT 10.99 "
    message = decode(encode.frame(HERE, "32", start + words, text=True))
    values = {v.element.symbol: v.value for v in message.values}
    assert (message.station, values["PJ"], values["Z"]) == ("70000001", 4.0, -1.25)
    assert message.values[2].values[:4] == (0.0, 25.4, 1.0, None)


def test_a_uniform_report_gives_each_step_its_value():
    body = encode.body_start(serial=1, sent_at=AT) + encode.station_mark(HERE, "H")
    body += encode.time_mark(AT) + bytes.fromhex("0418000005392300010490FFFFFFFF00010500")
    value = decode(encode.frame(HERE, "31", body)).values[0]
    assert value.values == (10.49, None, 10.5)
    assert value.step == timedelta(minutes=5)


@pytest.mark.parametrize("text", [False, True])
def test_packets_in_any_order_make_one_message(text):
    start = encode.ascii_start(serial=1, sent_at=AT) if text else None
    body = start + b"ST 0070000001 P TT 1609150300 PJ 4.0 " if text else hourly([3] * 12)
    parts = encode.packets(HERE, "34", body, size=11, text=text)
    random.Random(3).shuffle(parts)
    assembler = Assembler()
    wholes = [assembler.add(decode_frame(raw)) for raw in parts]
    assert [w is not None for w in wholes] == [False] * (len(parts) - 1) + [True]
    assert decode_message(wholes[-1].frame).station == "70000001"


def test_a_lost_packet_is_asked_for_once():
    parts = encode.packets(HERE, "34", hourly([3] * 12), size=20)
    assembler = Assembler()
    for raw in [parts[0], *parts[2:]]:
        frame = decode_frame(raw)
        assembler.add(frame)
    assert assembler.missing(frame) == [2]
    assert assembler.missing(frame) == []
    again = decode_frame(encode.ask_again(frame, number=2, sent_at=AT))
    assert (again.end, again.number, again.down) == (NAK, 2, True)


def test_downlink_swaps_the_addresses():
    raw = encode.confirmation(decode_frame(encode.frame(HERE, "34", hourly())), sent_at=AT)
    assert raw[2:8].hex() == "007000000101"
    answer = decode_frame(raw)
    assert (answer.station, answer.centre, answer.end, answer.down) == ("70000001", 1, ESC, True)


@pytest.mark.parametrize(
    ("cut", "code"),
    [
        (lambda r: r[:-3], "truncated"),
        (lambda r: r[:20] + bytes([r[20] ^ 1]) + r[21:], "bad_crc"),
        (lambda r: b"\x00" + r[1:], "bad_start"),
        (lambda r: r + b"\x00", "trailing_bytes"),
    ],
)
def test_a_damaged_frame_is_rejected_with_the_reason(cut, code):
    with pytest.raises(FrameError) as refused:
        decode_frame(cut(encode.frame(HERE, "34", hourly())))
    assert refused.value.code == code


@given(st.data())
def test_no_mutation_crashes_the_decoder(data):
    raw = bytearray(encode.frame(HERE, "34", hourly(level=[5] * 12)))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(raw))
    except FrameError as refused:
        assert 0 <= refused.at_byte <= len(raw)


@given(st.binary(max_size=120))
def test_any_body_with_a_good_checksum_is_read_or_refused(noise):
    body = encode.body_start(serial=1, sent_at=AT) + noise
    for text in (False, True):
        try:
            decode(encode.frame(HERE, "32", body, text=text))
        except FrameError as refused:
            assert refused.text


def test_frames_are_cut_from_a_noisy_stream():
    raw = encode.frame(HERE, "34", hourly())
    buffer = bytearray(b"\x00noise\x7e" + raw + b"\x7e\x7eshort" + raw + raw[:10])
    found = [f for f in cut_frames(buffer) if f == raw]
    assert len(found) >= 1
    assert read_raw(raw).station == "70000001"


@pytest.mark.shared
def test_real_frames_decode_and_damaged_ones_do_not():
    sample = json.loads((SHARED / "data/flood/sl651_frames_sample.json").read_text())
    for good in sample["good"]:
        assert decode(bytes.fromhex(good["hex"])).function == good["func"]
    codes = []
    for bad in sample["bad"]:
        with pytest.raises(FrameError) as refused:
            decode(bytes.fromhex(bad["hex"]))
        codes.append(refused.value.code)
    assert codes == ["bad_crc", "truncated"]


@pytest.mark.shared
def test_our_encoder_makes_the_real_bytes():
    sample = json.loads((SHARED / "data/flood/sl651_frames_sample.json").read_text())
    real = bytes.fromhex(sample["good"][1]["hex"])
    at = datetime(2017, 7, 18, 11, 0, 16, tzinfo=BEIJING)
    here = Address("11223344", centre=5, password="03E8")
    body = encode.body_start(serial=52, sent_at=at) + encode.station_mark(here, "H")
    body += encode.time_mark(at) + encode.element("20", 4, size=3, decimals=1)
    body += encode.element("26", 4, size=3, decimals=1)
    body += encode.element("39", 10.49, size=4, decimals=3)
    body += encode.element("38", 10.99, size=2, decimals=2)
    assert encode.frame(here, "32", body) == real


def test_noise_that_is_all_of_a_chunk_is_dropped_and_the_next_frame_is_found():
    raw = encode.frame(HERE, "34", hourly([3] * 12))
    for noise in (b"\x00\xff\x80", b"\x7e", b"\x01\x02", b"garbage" * 50):
        buffer = bytearray(noise)
        assert list(cut_frames(buffer)) == []
        buffer += raw
        assert raw in list(cut_frames(buffer))


def packets_of(minute, rain):
    at = AT.replace(minute=minute)
    body = encode.body_start(serial=minute, sent_at=at) + encode.station_mark(HERE, "P")
    body += encode.time_mark(at) + encode.rain_row([rain] * 12)
    return encode.packets(HERE, "34", body, size=11)


def test_a_packet_of_one_message_never_completes_another():
    old, new = packets_of(0, 1), packets_of(30, 9)
    assembler = Assembler()
    for raw in old[:-1]:
        assembler.add(decode_frame(raw), raw, at_s=0)
    wholes = [assembler.add(decode_frame(raw), raw, at_s=30) for raw in new]
    assert decode_message(wholes[-1].frame).values[-1].values == (0.9,) * 12
    assert wholes[-1].raw == b"".join(new)
    [lost] = assembler.broken()
    assert (lost.missing, lost.raw) == ([len(old)], b"".join(old[:-1]))


def test_a_message_not_completed_in_time_is_given_up():
    old, new = packets_of(0, 1), packets_of(30, 9)
    assembler = Assembler()
    assembler.add(decode_frame(old[0]), old[0], at_s=0)
    for raw in new[1:]:
        assert assembler.add(decode_frame(raw), raw, at_s=3600) is None
    [lost] = assembler.broken()
    assert lost.raw == old[0]
    assert [one.missing for one in assembler.broken(all_open=True)] == [[1]]
