"""The SL 651 door under attack: noise, wrong lengths, packets that do not belong together."""

import asyncio
import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from story import START, Errands, over_tcp

from fangxian.spine.core.clock import BEIJING
from fangxian.spine.observe.intake.sl651 import encode
from fangxian.spine.observe.intake.sl651.assemble import Assembler
from fangxian.spine.observe.intake.sl651.body import decode_message
from fangxian.spine.observe.intake.sl651.encode import Address
from fangxian.spine.observe.intake.sl651.frame import FrameError, crc16, cut_frames, decode_frame
from fangxian.spine.observe.intake.sl651.readings import batch_of
from fangxian.spine.observe.listener import Listener

HERE = Address("70000001")
AT = datetime(2016, 9, 15, 3, tzinfo=BEIJING)
TEXT = encode.ascii_start(serial=7, sent_at=AT) + b"ST 0070000001 H TT 1609150300 PJ 4.0 Z -1.250 "
TEXT += b"DRP " + b"00FE0AFF" * 3 + b" VT 10.99 "


def body(at=AT, z=10.49, serial=7):
    raw = encode.body_start(serial=serial, sent_at=at) + encode.station_mark(HERE, "H")
    raw += encode.time_mark(at - timedelta(minutes=55)) + encode.rain_row([1] * 12)
    return raw + encode.time_mark(at) + encode.element("39", z, size=4, decimals=3)


def framed(**more):
    return encode.frame(HERE, "34", body(**more))


STEPS = encode.body_start(serial=1, sent_at=AT) + encode.station_mark(HERE, "H")
STEPS += encode.time_mark(AT) + bytes.fromhex("0418000005392300010490FFFFFFFF00010500")
VALID = [
    framed(),
    encode.frame(HERE, "32", body()),
    encode.frame(HERE, "31", STEPS),
    encode.frame(HERE, "34", TEXT, text=True),
    encode.frame(HERE, "31", TEXT[:16] + b"ST 0070000001 H DRN05 Z PJ 1.0 2.0 ", text=True),
    *encode.packets(HERE, "34", body(), size=30),
    *encode.packets(HERE, "34", TEXT, size=40, text=True),
]


def changed(draw, raw):
    """A few bytes of a frame changed; mostly with a length and a checksum that are right again."""
    raw = bytearray(raw)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(raw) or 1)
        kind = draw.randrange(5)
        if kind == 0 and raw:
            raw[at] ^= 1 << draw.randrange(8)
        elif kind == 1 and raw:
            raw[at] = draw.choice((0, 1, 4, 0x31, 0x7E, 0x99, 0xF0, 0xF1, 0xF4, 0xFF))
        elif kind == 2:
            del raw[at : at + draw.randint(1, 9)]
        elif kind == 3:
            raw[at:at] = raw[max(0, at - 9) : at]
        else:
            raw[at:at] = draw.randbytes(draw.randint(1, 6))
    text = raw[:1] == b"\x01"
    if draw.random() < 0.7 and len(raw) > 29:
        size = (len(raw) - (29 if text else 17)) & 0xFFF
        raw[19:23] = f"{size:04X}".encode() if text else raw[19:23]
        raw[11:13] = raw[11:13] if text else size.to_bytes(2)
    if draw.random() < 0.85 and text:
        raw[-4:] = f"{crc16(raw[:-4]):04X}".encode()
    elif draw.random() < 0.85:
        raw[-2:] = crc16(raw[:-2]).to_bytes(2)
    return bytes(raw)


@pytest.mark.parametrize("seed", range(4))
def test_of_100_000_mutations_none_raises_but_as_a_frame_error(seed):
    draw, assembler, read = random.Random(seed), Assembler(), 0
    for n in range(25_000):
        raw = changed(draw, draw.choice(VALID))
        try:
            frame = decode_frame(raw)
            whole = assembler.add(frame, raw, at_s=n / 10)
            assembler.missing(frame)
            assembler.broken()
            if whole is not None:
                runs = batch_of(decode_message(whole.frame)).runs
                assert all(v is None or abs(v) < 1e300 for run in runs for v in run.values)
                encode.confirmation(whole.frame, sent_at=AT)
                read += 1
        except FrameError as told:
            assert 0 <= told.at_byte <= len(raw) + 20_000
    assert read > 100  # the changes are not so coarse that nothing is read


@pytest.mark.parametrize("seed", range(3))
def test_a_noisy_stream_in_any_pieces_gives_what_it_gives_in_one(seed):
    draw = random.Random(seed)
    stream = b"".join(draw.randbytes(draw.randint(0, 9)) + draw.choice(VALID) for _ in range(300))
    whole = list(cut_frames(bytearray(stream)))
    buffer, pieces = bytearray(), []
    for byte in stream:
        buffer.append(byte)
        pieces += cut_frames(buffer)
    assert pieces == whole
    assert len(buffer) < 2 * 4095 + 64


@pytest.mark.parametrize("noise", [b"\x01", b"\x7e", b"\x7e\x7e" + bytes(9) + b"\x10\x10"])
def test_noise_is_passed_over_in_linear_time(noise):
    def took(size):
        found = []
        for _ in range(3):
            buffer = bytearray((noise * size)[:size])
            since = time.process_time()
            list(cut_frames(buffer))
            found.append(time.process_time() - since)
        return min(found)

    assert took(400_000) < 12 * took(50_000) + 0.05  # quadratic: 64 times


def test_a_packet_of_an_ascii_message_can_be_asked_for_again():
    one, _, three = encode.packets(HERE, "34", TEXT[:48], size=16, text=True)
    assembler = Assembler()
    for raw in (one, three):
        frame = decode_frame(raw)
        assembler.add(frame, raw)
    [number] = assembler.missing(frame)
    again = decode_frame(encode.ask_again(frame, number=number, sent_at=AT))
    assert (again.number, again.total) == (2, 3)


def test_the_rest_of_one_message_is_never_joined_to_the_start_of_the_next():
    """The first packet is lost; the next report begins five minutes later."""
    later = AT + timedelta(minutes=5)

    def level(at, z):  # the time stands in the first packet, the level in the second
        raw = encode.body_start(serial=7, sent_at=at) + encode.station_mark(HERE, "H")
        raw += encode.time_mark(at) + encode.rain_row([1] * 12)
        return encode.packets(
            HERE, "34", raw + encode.element("39", z, size=4, decimals=3), size=31
        )

    (_, *rest), new = level(AT, 10.0), level(later, 20.0)
    assembler, found = Assembler(), []
    for at_s, raws in ((0.0, rest), (300.0, new)):
        for raw in raws:
            whole = assembler.add(decode_frame(raw), raw, at_s=at_s)
            found += decode_message(whole.frame).values if whole else []
    levels = [(v.observed_at, v.value) for v in found if v.element.symbol == "Z"]
    assert levels == [(later, 20.0)]


def test_a_first_packet_of_hours_later_begins_another_message():
    one, *rest = encode.packets(HERE, "34", body(), size=31)
    assembler = Assembler()
    for raw in rest:
        assert assembler.add(decode_frame(raw), raw, at_s=0.0) is None
    assert assembler.add(decode_frame(one), one, at_s=4 * 3600.0) is None
    assert [lost.missing for lost in assembler.broken()] == [[1]]


def test_what_was_never_completed_is_told_while_others_go_on_speaking():
    one, *_ = encode.packets(HERE, "34", body(), size=31)
    other, *_ = encode.packets(Address("70000002"), "34", body(), size=31)
    assembler = Assembler()
    assembler.add(decode_frame(one), one, at_s=0.0)
    assembler.add(decode_frame(other), other, at_s=3600.0)
    assert [lost.station for lost in assembler.broken()] == ["70000001"]


def test_a_line_holds_so_many_open_messages_and_no_more():
    assembler = Assembler()
    for n in range(5000):
        raw = encode.frame(Address(f"{n:08d}"), "34", b"x" * 90, packet=(1, 2))
        assembler.add(decode_frame(raw), raw)
    assert len(assembler.broken(all_open=True)) + len(assembler._open) == 5000  # none forgotten
    assembler = Assembler()
    for n in range(5000):
        raw = encode.frame(Address(f"{n:08d}"), "34", b"x" * 90, packet=(1, 2))
        assembler.add(decode_frame(raw), raw)
    assert len(assembler._open) <= 1000


# -- the live line


def talk(telemetry, story):
    """``story(listener, connect)`` against a real listener; what it gives."""
    errands = Errands(telemetry)
    listener = Listener(errands)
    lines = []
    real = listener._talk

    async def seen(reader, writer):
        lines.append(writer)
        await real(reader, writer)

    listener._talk = seen

    async def go():
        server = await listener.serve("127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        found = await story(lines, lambda: asyncio.open_connection(*address))
        await listener.close(server)
        for line in lines:
            line.transport.abort()
        await asyncio.sleep(0.05)
        return found

    with ThreadPoolExecutor(1) as pool:
        return listener, errands.serve(pool.submit(asyncio.run, go()))


def wrong_length(raw, size):
    return raw[:11] + size.to_bytes(2) + raw[13:]


@pytest.mark.parametrize("bad", ["length", "cut", "start"])
def test_good_frames_after_a_bad_one_are_all_found(gauge, telemetry, bad):
    """Bytes of a frame that is refused are looked through again for the next start."""
    broken = {"length": wrong_length(framed(), 1000), "cut": framed()[:-5], "start": b"\x7e\x7e"}
    good = [framed(serial=n) for n in range(60)]
    listener, _ = over_tcp(telemetry, [broken[bad], *good], 59)
    assert listener.counts.stored + listener.counts.duplicate >= 60


def test_an_answer_that_comes_back_is_no_message(gauge, telemetry):
    """A modem with echo: our own confirmation is neither stored nor confirmed."""
    echo = encode.confirmation(decode_frame(framed()), sent_at=START)
    listener, _ = over_tcp(telemetry, [framed(), echo], 1)
    assert (listener.counts.stored, listener.counts.duplicate) == (1, 0)


def test_a_small_packet_does_not_call_for_a_great_answer(gauge, telemetry):
    """Packet 4095 of 4095 asks for 4,094 others; one that does not read them fills our memory."""

    async def story(lines, connect):
        _, writer = await connect()
        for n in range(60):
            last = encode.frame(Address(f"{n:08d}"), "34", b"xxxx", packet=(4095, 4095))
            writer.write(last)
        await asyncio.sleep(1)
        held = lines[0].transport.get_write_buffer_size()
        writer.transport.abort()
        return held

    _, held = talk(telemetry, story)
    assert held < 200_000


def test_a_line_that_fell_silent_is_noticed(gauge, telemetry):
    """A modem that lost power says no goodbye: the socket must be asked now and then."""

    async def story(lines, connect):
        _, writer = await connect()
        await asyncio.sleep(0.1)
        told = lines[0].get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        writer.close()
        return told

    _, asked = talk(telemetry, story)
    assert asked


def test_two_hundred_idle_lines_keep_nobody_from_being_heard(gauge, telemetry):
    async def story(lines, connect):
        idle = [await connect() for _ in range(200)]
        idle[0][1].write(framed()[:20])  # half a frame, for ever
        reader, writer = await connect()
        writer.write(framed())
        answer = await asyncio.wait_for(reader.read(4096), 2)
        for _, other in [*idle, (reader, writer)]:
            other.transport.abort()
        return answer

    _, answer = talk(telemetry, story)
    assert decode_frame(answer).down


def test_noise_on_one_line_keeps_no_other_waiting(gauge, telemetry):
    async def story(lines, connect):
        _, noisy = await connect()
        since = time.perf_counter()
        noisy.write(b"\x01" * 100_000)
        await asyncio.sleep(0.05)
        reader, writer = await connect()
        writer.write(framed())
        await asyncio.wait_for(reader.read(4096), 60)
        for other in (noisy, writer):
            other.transport.abort()
        return time.perf_counter() - since

    _, waited = talk(telemetry, story)
    assert waited < 20  # it was a minute, and the noise of three megabytes half an hour
