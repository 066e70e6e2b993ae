"""Frames of SL 651: each field that can be wrong, and streams cut at every place."""

from datetime import datetime

import pytest

from fangxian.spine.core.clock import BEIJING
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.assemble import Assembler
from fangxian.spine.observe.intake.sl651.encode import Address
from fangxian.spine.observe.intake.sl651.frame import (
    EOT,
    ESC,
    ETB,
    ETX,
    NAK,
    FrameError,
    crc16,
    cut_frames,
    decode_frame,
)

HERE = Address("70000001", centre=5, password="03E8")
AT = datetime(2016, 9, 15, 3, tzinfo=BEIJING)
BODY = encode.body_start(serial=513, sent_at=AT) + b"x" * 8


def packed(body=BODY, **more):
    return encode.frame(HERE, "34", body, **more)


def text(**more):
    return encode.frame(HERE, "34", encode.ascii_start(serial=513, sent_at=AT), text=True, **more)


def changed(raw, at, new):
    """The frame with other bytes, and a checksum that is right for them."""
    raw = raw[:at] + new + raw[at + len(new) :]
    if raw[0] == 0x01:
        return raw[:-4] + f"{crc16(raw[:-4]):04X}".encode()
    return raw[:-2] + crc16(raw[:-2]).to_bytes(2)


def refused(raw):
    with pytest.raises(FrameError) as told:
        decode_frame(raw)
    return told.value.code, told.value.at_byte


def test_the_checksum_is_the_one_of_modbus():
    assert crc16(b"123456789") == 0x4B37
    assert crc16(b"") == 0xFFFF


@pytest.mark.parametrize("make", [packed, text])
def test_a_frame_says_each_of_its_fields(make):
    frame = decode_frame(make())
    assert (frame.centre, frame.station, frame.password, frame.function) == (
        5,
        "70000001",
        "03E8",
        "34",
    )
    assert (frame.down, frame.end, frame.multi, frame.total, frame.number) == (
        False,
        ETX,
        False,
        1,
        1,
    )
    assert frame.ascii == (make is text)
    raw = make()
    assert raw[frame.body_at : frame.body_at + len(frame.body)] == frame.body


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"", ("bad_start", 0)),
        (b"\x7e\x00", ("bad_start", 0)),
        (changed(packed(), 11, b"\x10\x10"), ("bad_direction", 11)),
        (changed(packed(), 11, b"\x00\x00"), ("bad_length", 11)),
        (changed(packed(), 13, b"\x03"), ("bad_body_start", 13)),
        (changed(packed(), len(packed()) - 3, b"\x06"), ("bad_end", len(packed()) - 3)),
        (packed()[:-1], ("truncated", len(packed()) - 1)),
        (packed() + b"\x00\x00", ("trailing_bytes", len(packed()))),
        (packed()[:-1] + b"\x00", ("bad_crc", len(packed()) - 2)),
        (changed(text(), 3, b"ZZ"), ("bad_character", 3)),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_wrong_field_is_named_with_its_byte(raw, wanted):
    assert refused(raw) == wanted


@pytest.mark.parametrize(("packet", "good"), [((1, 1), 1), ((2, 2), 1), ((0, 2), 0), ((3, 2), 0)])
def test_a_packet_is_one_of_its_message(packet, good):
    raw = packed(packet=packet)
    if good:
        frame = decode_frame(raw)
        assert (frame.number, frame.total, frame.body, frame.multi) == (*packet, BODY, True)
    else:
        assert refused(raw) == ("bad_packet", 14)


def test_packet_fields_that_are_cut_off_are_told():
    short = encode.frame(HERE, "34", b"", packet=(1, 1))
    cut = changed(short[:-6] + short[-5:], 11, b"\x00\x02")
    assert refused(cut) == ("bad_packet", 14)


def test_an_address_that_is_no_hydrology_one_stays_whole():
    raw = encode.frame(Address("1234567890"), "34", BODY)
    assert decode_frame(raw).station == "1234567890"


def test_a_length_and_size_of_a_stream_is_exact():
    for raw in (packed(), text()):
        buffer = bytearray(raw[:-1])
        assert list(cut_frames(buffer)) == []
        buffer += raw[-1:] + raw
        assert list(cut_frames(buffer)) == [raw, raw]
        assert buffer == b""


@pytest.mark.parametrize("cut", range(1, 32))
def test_a_stream_may_come_in_any_two_pieces(cut):
    raw = packed()
    buffer = bytearray(raw[:cut])
    found = list(cut_frames(buffer))
    buffer += raw[cut:] + text()
    assert found + list(cut_frames(buffer)) == [raw, text()]


@pytest.mark.parametrize(
    "noise",
    [
        b"\x7e\x01",
        b"\x01" + b"Z" * 30,
        b"\x7e\x7e" + bytes(12),
        b"\x7e\x7e" + bytes(9) + b"\x10\x10" + bytes(9),
        b"\x01" + b"0" * 30,
    ],
)
def test_a_start_that_is_none_loses_only_itself(noise):
    buffer = bytearray(noise + packed())
    assert list(cut_frames(buffer)) == [packed()]


def test_noise_without_a_start_is_dropped_but_half_a_start_is_kept():
    buffer = bytearray(b"abc\x7e")
    assert (list(cut_frames(buffer)), bytes(buffer)) == ([], b"\x7e")
    buffer = bytearray(b"abc")
    assert (list(cut_frames(buffer)), bytes(buffer)) == ([], b"")


# -- packets


def parts(number=3, body=BODY, **more):
    size = -(-len(body) // number)
    return [decode_frame(raw) for raw in encode.packets(HERE, "34", body, size=size, **more)]


def test_a_packet_that_comes_again_is_no_new_message():
    one, two, three = parts()
    assembler = Assembler()
    for frame in (one, one, three, three):
        assert assembler.add(frame) is None
    assert assembler.add(two).frame.body == BODY
    assert assembler.broken(all_open=True) == []


def test_a_message_of_another_size_gives_up_the_open_one():
    assembler = Assembler()
    assembler.add(parts()[0], b"one")
    for frame in parts(2):
        whole = assembler.add(frame)
    [lost] = assembler.broken()
    assert (lost.station, lost.function, lost.total, lost.missing, lost.raw) == (
        "70000001",
        "34",
        3,
        [2, 3],
        b"one",
    )
    assert (whole.frame.body, whole.frame.end, whole.frame.number) == (BODY, ETX, 2)


@pytest.mark.parametrize(("at_s", "lost"), [(60, 0), (61, 1)])
def test_a_minute_after_the_newest_packet_a_message_is_over(at_s, lost):
    one, two, three = parts()
    assembler = Assembler()
    assembler.add(one, at_s=0)
    assembler.add(two, at_s=at_s)
    assert len(assembler.broken()) == lost
    assert (assembler.add(three, at_s=at_s) is None) == bool(lost)


def test_missing_packets_are_asked_for_only_after_the_last():
    one, two, three = parts()
    assembler = Assembler()
    assembler.add(one)
    assert assembler.missing(one) == []
    assembler.add(three)
    assert assembler.missing(one) == [2]
    assert assembler.missing(two) == []
    assert assembler.missing(parts(1)[0]) == []


def test_what_is_told_as_broken_is_told_once_and_gone():
    assembler = Assembler()
    assembler.add(parts()[0])
    assert assembler.broken() == []
    assert len(assembler.broken(all_open=True)) == 1
    assert assembler.broken(all_open=True) == []


def test_packets_end_with_more_to_come_but_the_last():
    assert [frame.end for frame in parts()] == [ETB, ETB, ETX]


# -- our own encoder


@pytest.mark.parametrize(
    ("value", "size", "decimals", "digits"),
    [
        (0, 2, 0, "0000"),
        (12.34, 3, 2, "001234"),
        (-1.25, 3, 2, "FF0125"),
        (9999, 2, 0, "9999"),
        (0.0, 1, 0, "00"),
    ],
)
def test_numbers_are_packed_digit_by_digit(value, size, decimals, digits):
    assert encode.bcd(value, size=size, decimals=decimals).hex().upper() == digits


def test_a_number_too_large_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        encode.bcd(10000, size=2, decimals=0)


def test_rain_over_a_byte_moves_to_the_next_five_minutes():
    assert encode.rain_row([300, 0, None, 5])[2:] == bytes([254, 46, 255, 5])
    assert encode.rain_row([254, 1])[2:] == bytes([254, 1])


def test_a_missing_element_is_all_ones():
    assert encode.element("39", None, size=4, decimals=3).hex() == "3923ffffffff"


def test_a_body_too_long_is_refused():
    assert decode_frame(packed(b"x" * 4095)).body == b"x" * 4095
    with pytest.raises(ValueError, match="several packets"):
        packed(b"x" * 4096)


@pytest.mark.parametrize("as_text", [False, True])
def test_a_confirmation_repeats_the_serial_and_keeps_or_ends_the_line(as_text):
    received = decode_frame(text() if as_text else packed())
    for stay, end in ((True, ESC), (False, EOT)):
        answer = decode_frame(encode.confirmation(received, sent_at=AT, stay_online=stay))
        assert (answer.end, answer.down, answer.multi, answer.password) == (
            end,
            True,
            False,
            "03E8",
        )
        start = b"0201160915030000" if as_text else bytes.fromhex("0201160915030000")
        assert (answer.body, answer.ascii) == (start, as_text)
        assert (answer.centre, answer.station, answer.function) == (5, "70000001", "34")


def test_asking_again_names_the_packet_and_the_serial_of_the_first_only():
    one, two, _ = parts()
    for frame, number, serial in ((one, 2, 513), (two, 3, 0)):
        again = decode_frame(encode.ask_again(frame, number=number, sent_at=AT))
        assert (again.end, again.number, again.total) == (NAK, number, 3)
        assert again.body[:2] == serial.to_bytes(2)
