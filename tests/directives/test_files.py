"""A directive from a file: Word with tables and tracked changes, PDF in columns, and what is
refused."""

import io

import pytest
from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from fangxian.spine.command.directives.reading.files import text_of
from fangxian.spine.core.problems import Problem


def run_of(text):
    run, words = OxmlElement("w:r"), OxmlElement("w:t")
    words.text = text
    run.append(words)
    return run


def a_word_file():
    document = Document()
    paragraph = document.add_paragraph("各县区要于")
    gone, put = OxmlElement("w:del"), OxmlElement("w:ins")
    deleted = run_of("6月10日")
    deleted.find(qn("w:t")).tag = qn("w:delText")
    gone.append(deleted)
    put.append(run_of("6月8日10时前"))
    paragraph._p.append(gone)
    paragraph._p.append(put)
    paragraph._p.append(run_of("完成转移。"))
    table = document.add_table(rows=1, cols=3)
    for cell, text in zip(table.rows[0].cells, ("清障", "县水利局", "4月10日前"), strict=True):
        cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_word_with_tracked_changes_and_a_table():
    text = text_of(a_word_file(), "通知.docx")
    assert "各县区要于6月8日10时前完成转移。" in text
    assert "6月10日" not in text
    assert "清障｜县水利局｜4月10日前" in text


PARAGRAPHS = [f"第{k:02d}段：各乡镇要对本段所列隐患逐一排查，发现险情立即处置。" for k in range(12)]


def a_pdf(columns):
    from weasyprint import HTML

    body = "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
    style = (
        f"div {{ columns: {columns}; column-gap: 12mm }} p {{ margin: 0 0 2mm; font-size: 11pt }}"
    )
    page = f"<style>{style} body {{ font-family: 'Noto Serif CJK SC' }}</style>"
    return HTML(string=f"{page}<h1>两栏的通知</h1><div>{body}</div>").write_pdf()


@pytest.mark.parametrize("columns", [1, 2])
def test_pdf_in_columns_is_read_in_order_and_joined(columns):
    text = text_of(a_pdf(columns), "通知.pdf")
    places = [text.find(f"第{k:02d}段") for k in range(12)]
    assert -1 not in places
    assert places == sorted(places)
    assert "".join(PARAGRAPHS) in text.replace("\n", "")


def test_a_picture_is_refused_and_says_what_to_do():
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (300, 200), "white").save(out, "PDF")
    with pytest.raises(Problem) as refused:
        text_of(out.getvalue(), "照片.pdf")
    assert refused.value.code == "directive.unreadable"
    assert "粘贴" in refused.value.text("zh")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"PK\x03\x04broken", "a.docx"),
        (b"%PDF-1.7 broken", "a.pdf"),
        (b"x", "a.doc"),
        (b" ", "a.txt"),
    ],
)
def test_what_cannot_be_read_says_why(content, name):
    with pytest.raises(Problem) as refused:
        text_of(content, name)
    assert refused.value.code == "directive.unreadable"


def test_plain_text_in_gb18030_is_read():
    assert text_of("严禁出海。".encode("gb18030"), "a.txt") == "严禁出海。"
