"""Paper: 22 lines of 28 characters in every form, no closing sign first, numbers whole; read back
by other programs."""

import io
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import ofdkit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fangxian.spine.command.sitreps.paper import chart, fonts
from fangxian.spine.command.sitreps.paper.check import judge
from fangxian.spine.command.sitreps.paper.layout import (
    BODY_MM,
    COLUMNS,
    LEFT,
    NOT_FIRST,
    NOT_LAST,
    PITCH,
    ROWS,
    TOP,
    WIDTH,
    Block,
    Document,
    Text,
    broken,
    laid_out,
)
from fangxian.spine.command.sitreps.paper.ofd import ofd_of
from fangxian.spine.command.sitreps.paper.pdf import pdf_of
from fangxian.spine.command.sitreps.paper.word import docx_of

AT = datetime(2016, 9, 15, 8, tzinfo=UTC)
PROSE = (
    "截至9月15日8时，全市累计雨量超过100毫米的有47站，最大为南靖县高港站（326.5毫米）；"
    "县城以上城区已转移安置12326人，其中漳浦县3201人。"
)
RARE = "垵漈喆堃赟碶䶮埭"


def a_document(*blocks, **more):
    told = {
        "issuer": "漳州市防汛抗旱指挥部",
        "number": "漳州防指快报〔2016〕12号",
        "signer": "黄某某",
        "title": "关于莫兰蒂台风防御工作情况的报告",
        "blocks": blocks or (Block("head", "一、雨情"), Block("para", PROSE * 14)),
        "closing": ("漳州市防汛抗旱指挥部", "2016年9月15日"),
        "office": "漳州市防汛抗旱指挥部办公室",
        "printed": "2016年9月15日印发",
        "copies": "省防汛抗旱指挥部",
        **more,
    }
    return Document(**told)


FULL = Block("para", "汉" * COLUMNS * ROWS * 2)


def rows_of(page):
    """Body text by its line, in order."""
    found = {}
    for item in page:
        if isinstance(item, Text) and abs(item.size - BODY_MM) < 1e-6:
            found.setdefault(int((item.y - TOP) / PITCH), []).append(item)
    return {row: sorted(items, key=lambda i: i.x) for row, items in found.items()}


def test_a_full_page_is_22_lines_of_28():
    page = laid_out(a_document(FULL))[1]
    rows = rows_of(page)
    assert len([r for r in rows if r < ROWS]) == ROWS
    assert {sum(len(i.text) for i in items) for r, items in rows.items() if r < ROWS} == {COLUMNS}


@given(st.text(alphabet="汉字，。（）“”、；1a9 《》", min_size=1, max_size=300))
def test_no_line_is_too_long_nor_begins_or_ends_with_the_wrong_sign(text):
    lines = broken(text, first=4)
    for k, line in enumerate(lines):
        if not line:
            continue
        width = sum(len(p.text) if p.narrow else 2 for p in line)
        assert line[-1].at + (len(line[-1].text) if line[-1].narrow else 2) <= 56.001
        if len(line) > 1 and k and len(lines[k - 1]) > 1:
            assert line[0].text[0] not in NOT_FIRST or width > 50
    told = "".join(p.text for line in lines for p in line)
    assert told.replace(" ", "") == "".join(text.split())
    assert all(line[0].text != " " and line[-1].text != " " for line in lines[:-1] if line)


def test_prose_never_breaks_a_number_or_the_rules_of_signs():
    for line in broken(PROSE * 30, first=4)[1:]:
        assert line[0].text[0] not in NOT_FIRST
        assert line[-1].text[-1] not in NOT_LAST
    words = [p.text for line in broken(PROSE * 30, first=4) for p in line if p.narrow]
    assert set(words) == {"9", "15", "8", "100", "47", "326.5", "12326", "3201"}


def test_page_numbers_stand_on_their_sides_and_the_imprint_on_the_last_page():
    pages = laid_out(a_document(FULL))
    for n, page in enumerate(pages, 1):
        (own,) = [i for i in page if isinstance(i, Text) and i.text == str(n) and i.y > 260]
        assert (own.x > LEFT + WIDTH / 2) == bool(n % 2)
    assert any(isinstance(i, Text) and "办公室" in i.text for i in pages[-1])


def test_a_drill_is_marked_on_every_page():
    for page in laid_out(a_document(FULL, mark="演练")):
        assert any(isinstance(i, Text) and i.text == "演练" for i in page)
    assert "演练" in text_of_docx(docx_of(a_document(mark="演练")))


def text_of_docx(content):
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        names = [n for n in package.namelist() if n.endswith(".xml")]
        return "".join(package.read(name).decode() for name in names)


def told(rules):
    return {rule.code: (rule.found, rule.ok) for rule in rules}


def test_the_pdf_holds_by_its_own_check_and_every_place_name_is_printed():
    pages = laid_out(a_document(FULL, Block("para", RARE), Block("para", PROSE * 6)))
    content = pdf_of(pages, title="t", author="a", made_at=AT)
    rules = told(judge(content, "a.pdf"))
    assert {code for code, (_, ok) in rules.items() if not ok} == set()
    assert (rules["columns"][0], rules["rows"][0]) == ("28", "22")
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    text = "".join(document[k].get_textpage().get_text_range() for k in range(len(document)))
    document.close()
    assert all(letter in text for letter in RARE)


def test_every_place_name_of_the_city_can_be_printed(city):
    from fangxian.spine.registry.models import Place

    if not fonts.known():
        pytest.skip("fontconfig is not here")
    names = "".join(Place.objects.values_list("name", flat=True))
    assert fonts.missing(names) == ""


def test_the_word_file_holds_by_its_own_check():
    rules = told(judge(docx_of(a_document(FULL)), "a.docx"))
    assert {code for code, (_, ok) in rules.items() if ok is False} == set()


def test_the_check_finds_what_is_wrong():
    import docx

    out = io.BytesIO()
    docx.Document().save(out)
    wrong = {r.code for r in judge(out.getvalue(), "b.docx") if not r.ok}
    assert {"page", "margins", "columns", "page-numbers"} <= wrong


def test_word_rendered_by_libreoffice_has_22_lines_of_28(tmp_path):
    """The body filled with one letter, then prose: no letter is lost on the way."""
    soffice = shutil.which("soffice")  # asked now: CI installs it beside the suite
    if soffice is None:
        pytest.skip("LibreOffice is not here")
    (tmp_path / "full.docx").write_bytes(docx_of(a_document(FULL)))
    (tmp_path / "prose.docx").write_bytes(docx_of(a_document(Block("para", PROSE * 20))))
    subprocess.run(
        [
            soffice,
            f"-env:UserInstallation=file://{tmp_path}/profile",
            "--headless",
            "--convert-to",
            "pdf",
            "--outdir",
            str(tmp_path),
            str(tmp_path / "full.docx"),
            str(tmp_path / "prose.docx"),
        ],
        check=True,
        capture_output=True,
        timeout=240,
    )
    rules = told(judge((tmp_path / "full.pdf").read_bytes(), "full.pdf"))
    assert (rules["columns"][0], rules["rows"][0]) == ("28", "22")
    import pypdfium2

    document = pypdfium2.PdfDocument((tmp_path / "prose.pdf").read_bytes())
    text = "".join(document[k].get_textpage().get_text_range() for k in range(len(document)))
    document.close()
    assert "".join(text.split()).count("漳浦县3201人。") == 20


def test_an_ofd_is_read_back_letter_by_letter(tmp_path):
    document = a_document(Block("para", PROSE * 6 + RARE))
    pages = laid_out(document)
    path = tmp_path / "a.ofd"
    path.write_bytes(ofd_of(pages, title="标题", author="防指", made_at=AT))
    found = ofdkit.open(str(path))
    assert len(found.pages) == len(pages)
    for theirs, ours in zip(found.pages, pages, strict=True):
        mine = [item.text for item in ours if isinstance(item, Text)]
        assert [run.text for run in theirs.runs] == mine
        first = next(item for item in ours if isinstance(item, Text))
        assert abs(theirs.runs[0].x - first.x) < 0.01


def test_the_same_pages_give_the_same_ofd():
    pages = laid_out(a_document())
    one, two = (ofd_of(pages, title="t", author="a", made_at=AT) for _ in range(2))
    assert one == two


def test_bars_and_the_map_become_pictures():
    bars = {"title": "雨量", "unit": "mm", "rows": [["龙海区", 12.5], ["南靖县", 3]]}
    for svg in (chart.bars_svg(bars), chart.map_svg([["350627", 60.0]], "雨量")):
        png = chart.png_of(svg)
        assert png.startswith(b"\x89PNG")
        assert len(png) > 2000
    page = laid_out(a_document(Block("picture", png=png, rows=7)))
    assert pdf_of(page, title="t", author="a", made_at=AT).startswith(b"%PDF")


OFD_JS = Path(__file__).parents[2] / "node_modules/ofd.js/lib/ofd.umd.min.js"


@pytest.mark.browser
@pytest.mark.skipif(
    not OFD_JS.exists(), reason="ofd.js 0.2.6 is not here: npm install --no-save ofd.js@0.2.6"
)
def test_another_reader_of_ofd_shows_every_page(tmp_path):
    import base64

    from playwright.sync_api import sync_playwright

    pages = laid_out(a_document(FULL, Block("para", PROSE)))
    data = base64.b64encode(ofd_of(pages, title="t", author="a", made_at=AT)).decode()
    script = """async (data) => {
      const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      const docs = await new Promise((success, fail) =>
        ofd.parseOfdDocument({ ofd: bytes.buffer, success, fail }));
      ofd.setPageScale(4);
      const divs = ofd.renderOfdByScale(docs[0]);
      return divs.map((div) => div.textContent);
    }"""
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.add_script_tag(path=str(OFD_JS))
        texts = page.evaluate(script, data)
        browser.close()
    assert len(texts) == len(pages)
    assert "漳州市防汛抗旱指挥部" in texts[0]
    assert texts[1].count("汉") == COLUMNS * ROWS
