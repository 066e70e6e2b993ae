"""Sentences of AIS that are lost, joined wrongly or stamped wrongly."""

import json
from functools import reduce
from operator import xor

import pytest

from fangxian.hazards.epidemic.coast.ais import LETTERS, Decoder

ONE = b"AIVDM,1,1,,A,15Muq70001G?tTpE>Gbk0?wN0<0;,0"
FIVE = (
    b"55P5TL01VIaAL@7WKO@mBplU@<PDhh000000001S;AJ::4A80?4i@E53",
    b"1@0000000000000",
)


def sentence(body):
    return b"!%s*%02X" % (body, reduce(xor, body, 0))


def tag(body):
    return b"\\%s*%02X\\" % (body, reduce(xor, body, 0))


def part(n, sequence=b"3", channel=b"B", talker=b"AI", payload=None):
    text = payload or FIVE[n - 1]
    fill = b"0" if n == 1 else b"2"
    return sentence(b"%sVDM,2,%d,%s,%s,%s,%s" % (talker, n, sequence, channel, text, fill))


def told(*lines):
    return [message.told() for message in Decoder().read(lines)]


def test_the_time_of_a_message_of_two_parts_stands_on_its_first():
    # IEC 61162-450: s: and c: on the first sentence of a group, only g: on the others
    first = tag(b"g:1-2-73874,n:157036,s:r003669945,c:1241544035") + part(1)
    found = told(first, tag(b"g:2-2-73874,n:157037") + part(2))[0]
    assert (found.get("source"), found.get("at")) == ("r003669945", "2009-05-05T17:20:35Z")


def test_a_damaged_tag_on_the_first_part_is_a_doubt():
    # the message has a damaged tag and says nothing of it
    found = told(b"\\s:r1,c:1241544035*00\\" + part(1), part(2))[0]
    assert found.get("doubt") == "tag"


def test_a_tag_whose_end_is_damaged_keeps_its_sentence():
    # "a damaged tag doubts time and source but keeps the sentence": here its last letter is gone
    found = told(tag(b"s:r1,c:1241544035")[:-1] + sentence(ONE))[0]
    assert (found["ok"], found.get("doubt")) == (True, "tag")


def test_two_tag_blocks_before_a_sentence_are_read():
    # NMEA 0183 4.10 allows several
    found = told(tag(b"g:1-1-5") + tag(b"s:r1,c:1241544035") + sentence(ONE))[0]
    assert (found["ok"], found.get("source")) == (True, "r1")


@pytest.mark.parametrize("given", [b"+7", b" 7"])
def test_a_checksum_is_two_hexadecimal_digits(given):
    # a sign or a blank is no digit; here the sum is 07 and "+7" passes
    body = next(
        b for k in range(256)
        if reduce(xor, b := ONE[:13] + b"1" + ONE[14:-4] + bytes([LETTERS[k % 64]]) + b"%c,0"
                  % LETTERS[k // 4 % 64], 0) == 7
    )  # fmt: skip
    assert not told(b"!" + body + b"*" + given)[0]["ok"]


def test_parts_of_two_receivers_are_not_joined():
    # two receivers (tags r1, r2) with the same talker, number and channel, their lines interleaved
    other = FIVE[0].replace(b"55P5TL", b"55P5TM")
    r1, r2 = tag(b"s:r1,c:1241544035"), tag(b"s:r2,c:1241544035")
    lines = [r1 + part(1), r2 + part(1, payload=other), r1 + part(2), r2 + part(2)]
    good = [one for one in told(*lines) if one["ok"]]
    assert {(one["mmsi"], one["source"]) for one in good} <= {(369190000, "r1"), (369190004, "r2")}


def test_parts_out_of_order_by_two_talkers_and_channels_come_whole():
    # guards
    lines = [part(2), part(1, talker=b"AB"), part(1), part(1, channel=b"A"),
             part(2, talker=b"AB"), part(2, channel=b"A")]  # fmt: skip
    assert [(one["line"], one["ok"]) for one in told(*lines)] == [(3, True), (5, True), (6, True)]


@pytest.mark.parametrize("line", [
    b"", b"\\", b"\\\\", b"!", b"*", b"!*00", b"\xff" * 80, b"\\\xff*00\\" + sentence(ONE),
    sentence(b"AIVDM,2,1,,,,"), sentence(b"AIVDM,1,1,,A,,0"), sentence(b"AIVDM,9,9,9,A,w,5"),
    tag(b"c:" + b"9" * 5000) + sentence(ONE), tag(b"c:") + sentence(ONE), b"!\0" * 40,
])  # fmt: skip
def test_garbage_is_told_and_not_raised(line):
    # guards
    json.dumps(told(line, sentence(ONE) + b"\r\n"))


def test_every_type_of_any_length_is_told_and_not_raised():
    # guards: 0 to 63, 1 to 90 letters
    for kind in range(64):
        for n in range(1, 90, 7):
            payload = LETTERS[kind : kind + 1] * n
            json.dumps(told(sentence(b"AIVDM,1,1,,A,%s,0" % payload)), allow_nan=False)
