"""Tables under attack: bombs are refused before they are read, and nothing that a cell or an
archive may hold is an exception or a value that nobody wrote."""

import gzip
import io
import signal
import struct
import zipfile
from contextlib import contextmanager

import pytest

from fangxian.spine.core.problems import Problem
from fangxian.spine.observe.intake.table import read_readings

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
TYPES = (
    f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{KIND}.sharedStrings+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{KIND}.worksheet+xml"/></Types>'
)
RELATED = (
    f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
WORKBOOK = (
    f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
    '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
PARTS = (
    f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" '
    f'Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
)
NO_STRINGS = f'<sst xmlns="{MAIN}"/>'.encode()
GOOD = ("70000001", "Z", "2016-09-14 08:00", "10.5")
HEAD = "station,element,at,value\n"


def cell(ref, text):
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


def row(n, *texts, more=""):
    cells = "".join(cell(f"{'ABCDEFG'[k]}{n}", text) for k, text in enumerate(texts))
    return f'<row r="{n}">{cells}{more}</row>'


TOP = row(1, "station", "element", "at", "value")


def sheet(rows, *, before="", first=""):
    body = f"{before}<sheetData>{TOP}{rows}</sheetData>"
    return f'{first}<worksheet xmlns="{MAIN}">{body}</worksheet>'.encode()


def book(raw, *, strings=NO_STRINGS, repeat=1, packed=zipfile.ZIP_DEFLATED):
    """A workbook of one sheet; ``repeat`` writes the middle of a part so many times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packed) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", RELATED)
        archive.writestr("xl/workbook.xml", WORKBOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", PARTS)
        for name, part in (("worksheets/sheet1.xml", raw), ("sharedStrings.xml", strings)):
            with archive.open(f"xl/{name}", "w", force_zip64=True) as file:
                begin, middle, end = part if isinstance(part, tuple) else (part, b"", b"")
                file.write(begin)
                for _ in range(repeat):
                    file.write(middle)
                file.write(end)
    return out.getvalue()


@contextmanager
def within(seconds):
    def late(*_):
        raise AssertionError(f"not within {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def read(tmp_path):
    """``read(raw)``: the readings of a file with these bytes, within seconds."""

    def reading(raw, name="t.xlsx"):
        path = tmp_path / name
        path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
        with within(6):  # of a machine that does other things; it was tens of seconds
            return read_readings(path)

    return reading


def refused(read, raw, name="t.xlsx"):
    with pytest.raises(Problem) as told:
        read(raw, name)
    return told.value.code


def told(found):
    """Values that were taken, and the cells that are wrong."""
    return [r.reading[3] for r in found.rows], [e.cell for e in found.errors]


# -- bombs

ZEROS = b" " * (1 << 20)
END = b"</sheetData></worksheet>"
WIDE = "".join(f'<row r="{n}">{cell(f"ZZZ{n}", "x")}</row>' for n in range(2, 3000))
STRINGS = (f'<sst xmlns="{MAIN}">'.encode(), b"<si><t>a</t></si>" * 10_000, b"</sst>")
BOMBS = {
    "zeros": lambda: book((sheet("")[: -len(END)], ZEROS, END), repeat=200),
    "strings": lambda: book(sheet(row(2, *GOOD)), strings=STRINGS, repeat=100),
    "far_row": lambda: book(sheet(row(2, *GOOD) + row(2_000_000_000, *GOOD))),
    "row_of_e308": lambda: book(sheet(row(2, *GOOD) + '<row r="1e308"/>')),
    "wide": lambda: book(sheet(WIDE)),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_workbook_that_unpacks_to_too_much_is_refused_at_once(read, bomb):
    raw = BOMBS[bomb]()
    assert len(raw) < 1_000_000
    assert refused(read, raw) in {"table.broken", "table.too_big", "input.too_big"}


def test_a_gzip_that_unpacks_to_too_much_is_refused_at_once(read):
    raw = gzip.compress(b"0" * 300_000_000, 1)
    with within(6):
        assert refused(read, raw, "t.csv.gz") in {"table.broken", "table.too_big", "input.too_big"}


def test_entities_within_entities_are_refused(read):
    many = "".join(f'<!ENTITY e{k} "{f"&e{k - 1};" * 10}">' for k in range(1, 10))
    first = f'<!DOCTYPE a [<!ENTITY e0 "lol">{many}]>'
    assert refused(read, book(sheet(row(2, "&e9;"), first=first))) == "table.broken"


@pytest.mark.parametrize("head", ["," * 20_000, "," + ",".join(map(str, range(20_000)))])
def test_a_head_of_many_columns_costs_no_more_than_its_length(read, head):
    rows = ",".join(GOOD) + "\n"
    read(f"station,element,at,value{head}\n" + rows * 2000, "t.csv")


# -- workbooks that are odd


def test_what_a_sheet_says_of_its_size_is_not_believed(read):
    rows = "".join(row(n, "70000001", "Z", f"2016-09-14 08:{n:02}", n) for n in range(2, 52))
    found = read(book(sheet(rows, before='<dimension ref="A1:C10"/>')))
    assert told(found) == ([float(n) for n in range(2, 52)], [])


def _marked(raw, *, at, value):
    """The archive with a byte of every header changed: the way it is packed, a flag."""
    raw = bytearray(raw)
    for start, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        place = raw.find(start)
        while place >= 0:
            struct.pack_into("<H", raw, place + at + shift, value)
            place = raw.find(start, place + 4)
    return bytes(raw)


ODD = {
    "no_such_string": book(sheet('<row r="2"><c r="A2" t="s"><v>99</v></c></row>')),
    "method": _marked(book(sheet(row(2, *GOOD)), packed=zipfile.ZIP_STORED), at=8, value=99),
    "password": _marked(book(sheet(row(2, *GOOD)), packed=zipfile.ZIP_STORED), at=6, value=1),
    "no_zip": b"PK\x03\x04" + bytes(500),
    "column": book(sheet('<row r="2"><c r="AAAAA2"><v>1</v></c></row>')),
}


@pytest.mark.parametrize("odd", ODD)
def test_a_workbook_that_cannot_be_read_is_a_sentence(read, odd):
    assert refused(read, ODD[odd]) == "table.broken"


@pytest.mark.parametrize(
    ("xml", "wrong"),
    [
        ('<c r="D2"><f>1+1</f></c>', ["D2"]),
        ('<c r="D2" t="b"><v>1</v></c>', ["D2"]),
        ('<c r="D2"><v>1e400</v></c>', ["D2"]),
        ('<c r="D2" t="e"><v>#N/A</v></c>', ["D2"]),
    ],
)
def test_a_cell_that_is_no_number_is_named(read, xml, wrong):
    assert told(read(book(sheet(row(2, *GOOD[:3], more=xml))))) == ([], wrong)


def test_a_formula_without_a_value_is_named_whatever_the_prefix(read):
    """Some programs write every element with a prefix: <x:f>."""
    raw = sheet(row(2, *GOOD[:3], more='<c r="D2"><f>1+1</f></c>')).decode()
    raw = raw.replace("</", "\0").replace("<", "<x:").replace("\0", "</x:")
    raw = raw.replace("xmlns=", "xmlns:x=")
    assert told(read(book(raw.encode()))) == ([], ["D2"])


def test_rows_that_stand_out_of_their_order_are_not_dropped(read):
    other = ("70000001", "Z", "2016-09-14 09:00", "11.5")
    found = read(book(sheet(row(5, *GOOD) + row(3, *other))))
    assert sorted(told(found)[0]) == [10.5, 11.5]


# -- cells


@pytest.mark.parametrize(
    ("text", "value"),
    [("１０", 10.0), ("nan", None), ("", None), ("--", None), ("+5", 5.0), ("-1e1", -10.0)],
)
def test_a_number_is_read_as_it_was_meant(read, text, value):
    assert told(read(f"{HEAD}70000001,Z,2016-09-14 08:00,{text}\n", "t.csv")) == ([value], [])


@pytest.mark.parametrize(
    "text", ["1_0", "１_０", "1e400", "inf", "-inf", "0x10", '"1,5"', "true", "9" * 400, "1 0"]
)
def test_what_is_no_number_is_named(read, text):
    assert told(read(f"{HEAD}70000001,Z,2016-09-14 08:00,{text}\n", "t.csv")) == ([], ["D2"])


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01",
        "9999-12-31",
        "1-1-1",
        "2016-02-30",
        "42627",
        "42627.5",
        "2016-09-14 08:00+99:00",
        "0001-01-01T00:00+14:00",
        "9999-12-31 24:00",
        "9999-12-31T23:00-12:00",
    ],
)
def test_what_is_no_time_is_named(read, text):
    assert told(read(f"{HEAD}70000001,Z,{text},1\n", "t.csv")) == ([], ["C2"])


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_each_encoding_says_the_same(read, code):
    text = f"站码,要素,时间,数值\n{','.join(GOOD)}\n"
    assert told(read(text.encode(code), "t.csv")) == ([10.5], [])


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ((HEAD + ",".join(GOOD)).encode("utf-16-le"), "table.encoding"),
        (HEAD + ",".join(GOOD) + "\0\n", "table.encoding"),
        (HEAD + "70000001,Z,2016-09-14 08:00," + "9" * 10_000_000, "table.broken"),
        ("station,element,at,value,value\n" + ",".join(GOOD) + ",1\n", "table.columns_twice"),
    ],
    ids=["no mark", "nul", "a cell of 10 MB", "twice"],
)
def test_a_csv_that_cannot_be_read_is_a_sentence(read, raw, code):
    assert refused(read, raw, "t.csv") == code


def test_what_is_said_of_a_long_cell_is_short(read):
    [error] = read(f"{HEAD}70000001,Z,2016-09-14 08:00,{'9' * 130_000}\n", "t.csv").errors
    assert len(error.en) < 500
