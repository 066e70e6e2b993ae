"""AIS read against pyais and against a reader of bits that is slow and plain: sentences of the
manual of gpsd, edges made with pyais's encoder, and 20,000 lines whose truth is known."""

import csv
from collections import Counter

import pytest
from pyais import decode
from story import SHARED

from fangxian.hazards.epidemic.coast.ais import CHECKSUM, INCOMPLETE, LETTERS, Decoder

COAST = SHARED / "data/coast"
SENTENCES = (
    b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C",
    b"!AIVDM,1,1,,A,15RTgt0PAso;90TKcjM8h6g208CQ,0*4A",
    b"!AIVDM,1,1,,A,16SteH0P00Jt63hHaa6SagvJ087r,0*42",
    b"!AIVDM,1,1,,B,25Cjtd0Oj;Jp7ilG7=UkKBoB0<06,0*60",
    b"!AIVDM,1,1,,A,38Id705000rRVJhE7cl9n;160000,0*40",
    b"!AIVDM,1,1,,A,403OviQuMGCqWrRO9>E6fE700@GO,0*4D",
    b"!AIVDM,1,1,,A,B52KB8h006fu`Q6:g1McCwb5oP06,0*00",
    b"!AIVDM,1,1,,B,C5N3SRgPEnJGEBT>NhWAwwo862PaLELTBJ:V00000000S0D:R220,0*0B",
    b"!AIVDM,1,1,,A,H42O55i18tMET00000000000000,2*6D",
    b"!AIVDM,1,1,,A,H42O55lt0000000D3nink000?0500,0*70",
    b"!AIVDM,1,1,,B,E>kb9O9aS@7PUh10dh19@;0Tah2cWrfP:l?M`00003vP100,0*01",
    b"!AIVDM,1,1,,B,E>jCfrv2`0c2h0W:0a2ah@@@@@@004WD>;2<H50hppN000,4*0A",
    b"!AIVDM,1,1,,B,KC5E2b@U19PFdLbMuc5=ROv62<7m,0*16",
    b"!AIVDO,1,1,,B,168rO0?P01C81`3<P6P@0OwqP000,0*31",
    b"!AIVDO,1,1,,B,168rO0OP?v<ovH0kOqP>3wwqP000,0*07",
    b"!AIVDO,1,1,,B,168rO0gP?w<tSF0l4Q@>4?wqP000,0*1D",
    b"!AIVDO,1,1,,B,168rO0wP3=Owwwwwwwwo2?wqP000,0*77",
    b"!AIVDO,1,1,,B,268rO1?P01C81`3<P6P@0OwqP000,0*33",
    b"!AIVDO,1,1,,B,368rO1OP01C81`3<P6P@0OwqP000,0*42",
    b"!AIVDO,1,1,,B,368rO1gP?v<ovH0kOqP>3wwqP000,0*2C",
    b"!AIVDO,1,1,,B,B69oQAh00Dj0J0k81`4040000000,0*1B",
    b"!AIVDO,1,1,,B,B69oQB03wS=wV0<ovH3Pt0000000,0*57",
    b"!AIVDO,1,1,,B,B69oQB@3wk?8mP=18D3Q00000000,0*51",
    b"!AIVDO,1,1,,B,B69oQBP0kGwwwwwwwwuhP0000000,0*27",
    b"!AIVDO,1,1,,B,C69oQBh3wS=wV0<ovH3Pt000JBM08NL?0jc1cWUgV00000000000,0*16",
    b"!AIVDO,1,1,,B,C69oQC03wk?8mP=18D3Q0000JBM08NL?0jc1cWUgV00000000000,0*39",
    b"!AIVDO,1,1,,B,403sMkAvac?00C81`3<P6P@00000,0*2C",
    b"!AIVDO,1,1,,B,403sMkivac?00<tSF0l4Q@000000,0*43",
    b"!AIVDO,1,1,,B,E>l4E>027W3aT0W@IP0000000009T0l1V@3@800000000000000000000000,4*7C",
    b"!AIVDO,1,1,,B,E>l4E>@27W3aT0W@IP0000000006NAc0J2@`000000000000000000000000,4*53",
    b"!AIVDO,1,1,,B,91b@3<Q;088Iom0=LV83Q0000000,0*6E",
    b"!AIVDO,1,1,,B,91b@3<i;?w<tSF0l4Q@>40000000,0*06",
    b"!AIVDO,1,1,,B,H69?UCQPT4pN0iF1UF3400000000,0*2C",
    b"!AIVDO,1,1,,B,H69?UCTN00000002123i00000000,0*08",
)
REASONS = {"ok": "", "bad_checksum": CHECKSUM, "incomplete": INCOMPLETE}
IN_TWO = (
    b"!AIVDM,2,1,1,A,55?MbV02;H;s<HtKR20EHE:0@T4@Dn2222222216L961O5Gf0NSQEp6ClRp8,0*1C",
    b"!AIVDM,2,2,1,A,88888888880,2*25",
)
# ITU-R M.1371: bits of speed, longitude, latitude, course by type
PLACES = {
    **dict.fromkeys((1, 2, 3), (50, 61, 89, 116)),
    **dict.fromkeys((18, 19), (46, 57, 85, 112)),
    4: (None, 79, 107, None),
    21: (None, 164, 192, None),
}


def one(*lines):
    (found,) = Decoder().read(lines)
    return found


def places(message):
    return (message.mmsi, message.lon, message.lat, message.sog_kn, message.cog_deg)


def by_pyais(*lines):
    """What pyais reads, with its values for "not known" told as such."""
    held = decode(*lines)
    lon, lat = getattr(held, "lon", None), getattr(held, "lat", None)
    if lon is not None and (abs(lon) > 180 or abs(lat) > 90):
        lon = lat = None
    sog = course = None
    if held.msg_type in (1, 2, 3, 9, 18, 19, 27):
        unknown = {9: 1023, 27: 63}.get(held.msg_type, 102.3)
        sog = None if held.speed >= unknown else held.speed
        course = None if held.course >= 360 else held.course
    return held.msg_type, (held.mmsi, lon, lat, sog, course)


def by_bits(line):
    """The same read letter by letter."""
    payload = line.split(b",")[5]
    bits = "".join(f"{LETTERS.index(letter):06b}" for letter in payload)
    sog, lon, lat, course = PLACES[int(bits[:6], 2)]
    x = int(bits[lon + 1 : lon + 28], 2) - int(bits[lon]) * 2**27
    y = int(bits[lat + 1 : lat + 27], 2) - int(bits[lat]) * 2**26
    placed = abs(x) <= 180 * 600_000 and abs(y) <= 90 * 600_000
    speed = int(bits[sog : sog + 10], 2) if sog else 1023
    way = int(bits[course : course + 12], 2) if course else 3600
    return (
        int(bits[8:38], 2),
        round(x / 600_000, 6) if placed else None,
        round(y / 600_000, 6) if placed else None,
        speed / 10 if speed < 1023 else None,
        way / 10 if way < 3600 else None,
    )


@pytest.mark.parametrize("line", SENTENCES)
def test_a_sentence_says_what_pyais_reads(line):
    found = one(line)
    assert found.reason == ""
    assert (found.type, places(found)) == by_pyais(line)


@pytest.mark.parametrize("line", [s for s in SENTENCES if one(s).type in PLACES])
def test_a_position_is_what_its_bits_say(line):
    assert places(one(line)) == by_bits(line)


def test_sentences_of_the_manual_have_their_published_positions():
    assert places(one(SENTENCES[0])) == (477553000, -122.345833, 47.582833, 0.0, 51.0)
    assert places(one(SENTENCES[1])) == (371798000, -123.395383, 48.381633, 12.3, 224.0)
    assert places(one(SENTENCES[2])) == (440348000, -70.7582, 43.08015, 0.0, 93.4)


def test_a_message_of_two_parts_says_what_pyais_reads():
    found = one(*IN_TWO)
    assert (found.type, places(found)) == by_pyais(*IN_TWO)
    assert (found.held.shipname, found.line) == (decode(*IN_TWO).shipname, 2)


@pytest.mark.parametrize("line", SENTENCES[:12])
def test_one_letter_changed_is_refused_though_pyais_takes_it(line):
    k = line.rindex(b",") - 3
    other = line[:k] + (b"1" if line[k : k + 1] != b"1" else b"2") + line[k + 1 :]
    assert one(other).reason == CHECKSUM
    assert decode(other).msg_type == one(line).type


def truth():
    with (COAST / "ais_open.truth.csv").open() as file:
        rows = list(csv.DictReader(file))
    last = {}
    for row in rows:
        last[row["message"]] = max(last.get(row["message"], 0), int(row["line"]))
    return rows, last


def lines():
    return (COAST / "ais_open.nmea").read_bytes().splitlines()


@pytest.mark.shared
def test_no_line_of_20000_is_wrongly_accepted_or_lost():
    rows, last = truth()
    wanted = {}
    for row in rows:
        line, status = int(row["line"]), row["status"]
        if status != "ok" or line == last[row["message"]]:
            wanted[line] = REASONS[status]
    found = [(message.line, message.reason) for message in Decoder().read(lines())]
    assert Counter(found) == Counter(wanted.items())
    assert Counter(wanted.values()) == {"": 18_506, CHECKSUM: 200, INCOMPLETE: 217}


@pytest.mark.shared
def test_every_message_says_the_truth():
    rows, _ = truth()
    at = {int(row["line"]): row for row in rows}
    for message in Decoder().read(lines()):
        if message.reason:
            continue
        row = at[message.line]
        told = [float(row[name]) if row[name] else None for name in ("lon", "lat", "sog", "cog")]
        assert message.type == int(row["type"]), row
        assert places(message) == (int(row["mmsi"]), *told), row


@pytest.mark.shared
def test_every_sentence_of_one_part_says_what_pyais_reads():
    every = lines()
    singles = [m for m in Decoder().read(every) if not m.reason and m.type != 5]
    assert len(singles) > 17_000
    for message in singles[::7]:
        assert (message.type, places(message)) == by_pyais(every[message.line - 1]), message
