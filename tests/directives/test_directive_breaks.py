"""Attack on directives."""

import contextlib
import io
import time
import zipfile
from datetime import datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from story import START
from test_items import asked, assign, enter, refused, seat_at, told_of

from fangxian.spine.command.directives import follow
from fangxian.spine.command.directives.models import Item
from fangxian.spine.command.directives.read import owners_for
from fangxian.spine.command.directives.reading import bodies
from fangxian.spine.command.directives.reading.deadlines import ROW_END, Almanac, limits_in
from fangxian.spine.command.directives.reading.files import text_of
from fangxian.spine.command.directives.write import items as do
from fangxian.spine.command.directives.write import texts
from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.models import Due, Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.queue import sweep_due
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.models import Organisation, Place, Post
from fangxian.spine.registry.read import city as the_city

H = timedelta(hours=1)
PARAGRAPH = "<w:p><w:r><w:t>县水利局</w:t></w:r></w:p>"
CONTROL = "<w:sdt><w:sdtContent>%s</w:sdtContent></w:sdt>"
ALM = Almanac(datetime(2026, 11, 30, 12, tzinfo=BEIJING), lambda at, n: at.date())
OFFICES = [
    "公安",
    "应急",
    "水利",
    "气象",
    "卫健",
    "住建",
    "交通",
    "教育",
    "海事",
    "渔业",
    "民政",
    "文旅",
    "商务",
    "通信",
    "供电",
    "消防",
    "武警",
    "民兵",
    "农业农村",
    "自然资源",
    "市场监管",
]


@pytest.fixture
def directive(city, huang):
    return enter(huang)


# ---- texts
def test_a_list_of_offices_is_read_at_once():
    began = time.monotonic()
    bodies.owners_of("、".join(OFFICES) + "等系统主要领导参加会议")
    assert time.monotonic() - began < 10  # it was minutes


def test_blanks_of_a_table_are_read_at_once():
    began = time.monotonic()
    ROW_END.search("清障" + " " * 400 + "县水利局")
    assert time.monotonic() - began < 10  # it was minutes


@pytest.mark.parametrize(
    "text",
    [
        "考试前要提前45日前报备。",
        "要十十日内办结。",
        "要每十十日报告。",
        "清障｜县水利局｜2月30日",
        "清障｜县水利局｜13月1日",
        "要于9999年12月31日前完成。",
    ],
)
def test_a_foul_day_does_not_refuse_the_whole_text(text, huang):
    assert enter(huang, f"市水利局要抓好落实。\n{text}\n").items.count() == 2


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("今晚12时前", datetime(2026, 12, 1, tzinfo=BEIJING)),
        ("明晚12点前", datetime(2026, 12, 2, tzinfo=BEIJING)),
        ("晚上12点前", datetime(2026, 12, 1, tzinfo=BEIJING)),
    ],
)
def test_twelve_at_night_is_midnight(text, at):
    assert limits_in(text, ALM)[0].at == at


def test_two_at_night_is_not_the_afternoon():
    assert limits_in("夜间2时前", ALM)[0].at.hour == 2


@pytest.mark.parametrize("text", ["每半年报一次", "每半月报一次", "每半个月报一次"])
def test_half_a_month_is_not_half_a_day(text):
    assert limits_in(text, ALM)[0].repeats != "PT12H"


def test_every_nothing_is_no_period():
    assert not limits_in("每零天", ALM)


@pytest.mark.parametrize(
    ("issued", "at"),
    [
        (datetime(2027, 11, 30, 12, tzinfo=BEIJING), datetime(2028, 3, 1, tzinfo=BEIJING)),
        (datetime(2028, 11, 30, 12, tzinfo=BEIJING), datetime(2029, 3, 1, tzinfo=BEIJING)),
    ],
)
def test_the_end_of_february_over_a_leap_year(issued, at):
    found = limits_in("2月底前完成", Almanac(issued, ALM.working_days))
    assert found
    assert found[0].at == at


def test_limits_of_many_working_days_are_read_at_once(huang):
    began = time.monotonic()
    enter(huang, "要在9999个工作日内完成。\n" * 10)
    assert time.monotonic() - began < 20


def a_docx(change=None, bomb=0):
    from docx import Document

    out = io.BytesIO()
    document = Document()
    document.add_paragraph("要抓好落实。")
    document.save(out)
    source, made = zipfile.ZipFile(io.BytesIO(out.getvalue())), io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            body = source.read(name)
            if name == "word/document.xml" and change:
                body = change(body)
            if name == "word/_rels/document.xml.rels" and bomb:
                body = body.replace(
                    b"</Relationships>",
                    b'<Relationship Id="rId99" Type="http://x/y" Target="media/x.bin"/>'
                    b"</Relationships>",
                )
            if name == "[Content_Types].xml" and bomb:
                body = body.replace(
                    b"</Types>",
                    b'<Default Extension="bin" ContentType="application/octet-stream"/></Types>',
                )
            target.writestr(name, body)
        if bomb:
            target.writestr("word/media/x.bin", b"\0" * bomb)
    return made.getvalue()


def test_a_zip_bomb_is_refused():
    import tracemalloc

    content = a_docx(bomb=100_000_000)
    assert len(content) < 200_000
    tracemalloc.start()
    with contextlib.suppress(Problem):
        text_of(content, "a.docx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000


@pytest.mark.filterwarnings("ignore")
def test_a_cell_in_a_content_control_is_not_lost():
    row = f"<w:tbl><w:tr>{CONTROL % f'<w:tc>{PARAGRAPH}</w:tc>'}</w:tr></w:tbl>".encode()
    assert "县水利局" in text_of(
        a_docx(lambda b: b.replace(b"<w:body>", b"<w:body>" + row)), "a.docx"
    )


def test_a_content_control_around_paragraphs_is_read_without_warning():
    part = (CONTROL % PARAGRAPH).encode()
    assert "县水利局" in text_of(
        a_docx(lambda b: b.replace(b"<w:body>", b"<w:body>" + part)), "a.docx"
    )


def test_a_pdf_with_a_bad_page_says_why():
    objs = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>", b"null"]
    out, offs = b"%PDF-1.7\n", []
    for k, o in enumerate(objs, 1):
        offs.append(len(out))
        out += b"%d 0 obj\n" % k + o + b"\nendobj\n"
    x = len(out)
    out += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % o for o in offs)
    out += b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % x
    refused("directive.unreadable", text_of, out, "a.pdf")


@pytest.mark.parametrize(
    "text",
    [
        "要抓\x00好落实。",
        "😀要抓好落实。\r\n要😀再抓。\r\r要",
        "\ufeff要抓好。\u2028要抓好。",
        "?a)?b)?c)要(zhōng)(",
        "中?a)中?zhōng)" * 30,
    ],
)
def test_odd_texts_keep_their_spans(text, huang):
    directive = enter(huang, text)
    for item in directive.items.all():
        assert 0 <= item.start < item.end <= len(directive.text)
        assert directive.text[item.start : item.end].strip()


def test_a_short_text_is_not_the_same_as_a_long_one_that_holds_it(huang):
    enter(huang, "会议指出，请认真抓好落实。" + "市水利局要于9月15日10时前完成水库巡查。")
    enter(huang, "请认真抓好落实。")


def test_another_countys_text_is_not_named(chen, huang, city):
    other = (
        Place.objects.filter(kind="county").exclude(path__startswith=chen.place_path[:8]).first()
    )
    own = Seat(huang.person_id, huang.post_id, "x", "head", other.path, "county")
    texts.enter_directive(
        title="机密标题", text="市水利局要抓好落实水库巡查。", issued_at=START, place=other, by=own
    )
    place = Place.objects.get(path=chen.place_path)
    try:
        texts.enter_directive(
            title="", text="市水利局要抓好落实水库巡查。", issued_at=START, place=place, by=chen
        )
    except Problem as problem:
        assert "机密标题" not in problem.text("zh")


# ---- items
def test_a_head_of_a_town_does_not_give_work_to_the_city(chen, city):
    place = Place.objects.get(path=chen.place_path)
    directive = texts.enter_directive(
        title="", text="镇里要抓好落实。", issued_at=START, place=place, by=chen
    )
    city_post = Post.objects.filter(place__kind="city").first()
    with pytest.raises(Problem):
        assign(directive.items.get(), chen, [city_post])


def test_a_withdrawn_text_gives_no_work(directive, huang):
    texts.withdraw_directive(directive=directive, reason="撤", by=huang)
    with pytest.raises(Problem):
        assign(asked(directive, 2), huang)


def test_a_withdrawn_text_takes_no_sentence(directive, huang):
    texts.withdraw_directive(directive=directive, reason="撤", by=huang)
    with pytest.raises(Problem):
        texts.add_item(directive=directive, start=0, end=5, by=huang)


def closed(item, huang):
    seat = seat_at(item.post)
    do.sign_item(item=item, by=seat)
    do.report_item(item=item, proof="做完", by=seat)
    do.verify_item(item=item, by=huang)
    do.close_item(item=item, by=huang)


def test_a_text_whose_last_sentence_is_dropped_after_all_is_closed(huang, city):
    directive = enter(huang, "市水利局要完成水库巡查。\n会议听取了汇报。\n")
    (item,) = assign(
        directive.items.get(number=1),
        huang,
        owners_for(directive.items.get(number=1), the_city()) or None,
    )
    closed(item, huang)
    texts.drop_items(items=list(directive.items.filter(state="proposed")), by=huang)
    directive.refresh_from_db()
    assert directive.state == "closed"


def test_a_text_whose_last_item_is_withdrawn_is_closed(huang, city):
    directive = enter(huang, "市水利局要完成水库巡查。\n市住建局要排查内涝。\n")
    one, two = directive.items.all()
    (one,) = assign(one, huang)
    (two,) = assign(two, huang, [Post.objects.filter(place__kind="city").last()], in_spite="x")
    closed(one, huang)
    do.withdraw_item(item=two, reason="不用了", by=huang)
    directive.refresh_from_db()
    assert directive.state == "closed"


def test_who_helped_and_reported_does_not_verify(directive, huang):
    helper = Post.objects.get(pk=huang.post_id)
    (item,) = assign(asked(directive), huang, helpers=[helper], cover_rule="")
    do.sign_item(item=item, by=huang)
    do.report_item(item=item, proof="做完", by=huang)
    refused("step.second_person", do.verify_item, item=item, by=huang)


def test_an_item_that_was_just_handed_on_is_not_behind(directive, huang, now):
    (item,) = assign(asked(directive), huang, after=24 * H)
    now.at += 18 * H
    other = Post.objects.filter(place__kind="city").exclude(pk=item.post_id).last()
    Due.objects.filter(subject_kind="item").exclude(kind="x").delete()
    do.transfer_item(item=item, post=other, reason="职责", by=huang)
    now.at += timedelta(minutes=1)
    sweep_due()
    assert not Event.objects.filter(kind="item.behind").exists()


def test_a_reopened_item_is_not_behind_at_once(directive, huang, now):
    (item,) = assign(asked(directive), huang, after=24 * H, cover_rule="")
    closed(item, huang)
    now.at += 10 * 24 * H
    do.reopen_item(item=item, by=huang, reason="没做", deadline_at=now.at + 48 * H)
    now.at += timedelta(minutes=1)
    sweep_due()
    for event in Event.objects.filter(kind__in=("item.behind", "item.near_due")):
        follow.send_letter(event)
    item.refresh_from_db()
    assert item.letter == ""


def test_who_loses_an_item_is_told(directive, huang):
    (item,) = assign(asked(directive), huang)
    from fangxian.spine.registry.read import holder

    old = holder(item.post)
    other = Post.objects.filter(place__kind="city").exclude(pk=item.post_id).last()
    do.transfer_item(item=item, post=other, reason="职责", by=huang)
    follow.tell_owner(Event.objects.filter(kind="item.transferred").last())
    assert old.pk in [person for person, _ in told_of(item)]


def test_items_of_a_merged_organisation_go_on(directive, huang, guan):
    from fangxian.spine.registry.waves import merge_organisation
    from fangxian.wiring import WIRING

    (item,) = assign(asked(directive), huang)
    old = item.post.organisation
    into = Organisation.objects.get(name="漳州市市场监管局")
    merge_organisation(old=old, into=into, by=guan, reason="机构改革")
    event = Event.objects.filter(kind="organisation.merged").last()
    for function in WIRING["organisation.merged"]:
        function(event)
    item.refresh_from_db()
    assert item.post.organisation == into


def test_a_second_answer_by_text_is_no_dead_letter(directive, huang):
    (item,) = assign(asked(directive), huang)
    seat = seat_at(item.post)
    do.sign_item(item=item, by=seat)
    do.report_item(item=item, proof="2", by=seat)
    event = Event(
        kind="delivery.answered",
        after={
            "about": f"item:{item.pk}",
            "person": seat.person_id,
            "post": seat.post_id,
            "answer": "2",
        },
    )
    follow.take_answer(event)


def test_an_extension_that_comes_after_the_end_changes_nothing(directive, huang):
    (item,) = assign(asked(directive), huang, cover_rule="")
    stale = Item.objects.get(pk=item.pk)
    closed(item, huang)
    with pytest.raises(Problem):
        do.extend_item(item=stale, deadline_at=stale.deadline_at + 24 * H, reason="缓", by=huang)


def test_a_rule_of_cover_that_is_none_is_refused(directive, huang):
    refused("input.invalid", assign, asked(directive), huang, cover_rule="no-such-rule")


def test_a_repair_that_is_repaired_reaches_its_items(huang, monkeypatch, city):
    from pathlib import Path

    text = Path("tests/directives/texts/a/6.polluted.txt").read_text(encoding="utf-8")
    directive = enter(huang, text)
    from fangxian.spine.command.directives.intake import read_text

    for run in read_text(directive.text, issued=START).cleaned.broken:
        touched = directive.items.filter(start__lt=run.end, end__gt=run.start)
        raw = directive.text[run.start : run.end]
        one = touched.filter(what__contains=raw).first()
        if one is None:
            continue
        texts.repair(directive=directive, start=run.start, text="错字甲", by=huang)
        texts.repair(directive=directive, start=run.start, text="对字乙", by=huang)
        one.refresh_from_db()
        assert "对字乙" in one.what
        assert "错字甲" not in one.what
        return
    pytest.skip("no run")


# ---- pages
def test_the_page_of_a_long_text_asks_a_bounded_number_of_questions(
    as_huang, huang, django_assert_max_num_queries
):
    a = enter(huang, "市水利局要抓好水库巡查。\n" * 60)
    with django_assert_max_num_queries(120):
        page = as_huang.get(f"/directives/{a.pk}")
    assert page.status_code == 200
    assert len(page.content) < 1_000_000


@pytest.fixture
def as_huang(client, huang):
    client.force_login(get_user_model().objects.get(username="huang"))
    return client


FOUL = [
    "",
    "abc",
    "-1",
    "99999999999999999999",
    "\x00",
    "１２",
    "2026-02-30",
    "9999-12-31T23:59",
    "0001-01-01",
    "2026-09-14T08:00+99:00",
]


@pytest.mark.parametrize("value", FOUL)
def test_foul_fields_are_no_500(as_huang, directive, value):
    as_huang.raise_request_exception = False
    item = asked(directive)
    posts = [
        ("/directives/enter", {"issued": value, "text": "要抓好。"}),
        ("/directives/enter", {"issued": "2016-09-14T08:00", "text": value + "要"}),
        (f"/directives/{directive.pk}/drop", {"item": value or "x"}),
        (f"/directives/{directive.pk}/add", {"part": value}),
        (f"/directives/{directive.pk}/repair", {"start": value, "text": "x"}),
        (f"/items/{item.pk}/assign", {"post": value, "deadline": value, "measure": "x"}),
        (
            f"/items/{item.pk}/assign",
            {
                "post": "1",
                "deadline": "2016-09-20T08:00",
                "measure": "x" * 999,
                "headquarters": value,
                "rule": value,
            },
        ),
        (f"/items/{item.pk}/transfer", {"post": value, "note": "x"}),
        (f"/items/{item.pk}/extend", {"deadline": value, "note": "x"}),
        (f"/items/{item.pk}/nonsense", {}),
        (f"/items/{item.pk}/own/nonsense", {}),
        ("/items/99999999999999999999999/assign", {}),
    ]
    got = {path: as_huang.post(path, data).status_code for path, data in posts}
    assert all(code < 500 for code in got.values()), got


def test_the_page_of_a_proposed_item_opens(as_huang, directive):
    assert as_huang.get(f"/items/{asked(directive).pk}").status_code == 200


@pytest.mark.parametrize("unit", ["3天内", "每日", "节前"])
def test_a_very_long_sentence_is_read_at_once(unit):
    began = time.monotonic()
    limits_in(unit * 20_000, ALM)
    assert time.monotonic() - began < 20


def test_a_person_gone_from_the_post_does_not_sign_by_text(directive, huang, guan):
    from fangxian.spine.registry.read import holder
    from fangxian.spine.registry.waves import person_gone

    (item,) = assign(asked(directive), huang)
    seat = seat_at(item.post)
    old = holder(item.post)
    person_gone(person=old, reason="调离", by=guan)
    event = Event(
        kind="delivery.answered",
        after={
            "about": f"item:{item.pk}",
            "person": seat.person_id,
            "post": seat.post_id,
            "answer": "1",
        },
    )
    follow.take_answer(event)
    item.refresh_from_db()
    assert item.state == "assigned"


def test_two_items_for_both_headquarters_page(as_huang, huang):
    directive = enter(huang, "两个指挥部要抓好防汛和疫情防控。\n")
    page = as_huang.get(f"/directives/{directive.pk}")
    assert page.status_code == 200
    assert as_huang.get(f"/directives/{directive.pk}/letter").status_code == 200


def test_an_item_is_not_reopened_under_a_withdrawn_text(directive, huang):
    (item,) = assign(asked(directive), huang, cover_rule="")
    texts.withdraw_directive(directive=directive, reason="撤", by=huang)
    item.refresh_from_db()
    with pytest.raises(Problem):
        do.reopen_item(item=item, by=huang, reason="x", deadline_at=clock.now() + 24 * H)


def test_a_broken_text_page_is_bounded(as_huang, huang):
    from pathlib import Path

    text = Path("tests/directives/texts/a/6.polluted.txt").read_text(encoding="utf-8")
    directive = enter(huang, text * 4)
    page = as_huang.get(f"/directives/{directive.pk}").content.decode()
    assert page.count("/repair") <= 8


def test_a_text_of_many_sentences_is_taken_in_bounds(as_huang, huang):
    directive = enter(huang, "要抓好。\n" * 1_000)
    page = as_huang.get(f"/directives/{directive.pk}")
    assert len(page.content) < 2_000_000
