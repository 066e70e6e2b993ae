"""Situation reports: every number from a query, nothing signed that has changed, numbered once,
corrected in the open, and owed by the clock."""

import re
from datetime import datetime, timedelta

import pytest
from story import START

from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import Response
from fangxian.spine.command.sitreps import cover, read, write
from fangxian.spine.command.sitreps.compose import facts, plain_text, unsourced, window_text
from fangxian.spine.command.sitreps.models import Rendering, SitRep
from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.store import Quality, Reading
from fangxian.spine.registry.read import city, headquarters_at

H = timedelta(hours=1)
# numbers that are no figures: times, spans that were asked for, bounds of classes
NO_FIGURE = re.compile(r"\d+月\d+日(\d+时)?(\d+分)?|近\d+小时|达\d+毫米以上|\d+毫米。")


@pytest.fixture
def put_rain(telemetry):
    """Rain of a gauge: hours before the start and mm, the other steps of a day (or of half of it)
    dry."""

    def put(gauge, rows, *, whole=True):
        series, _ = Series.objects.get_or_create(
            station=gauge, element="P5", defaults={"unit": "mm", "step_s": 300}
        )
        first = START - (24 if whole else 12) * H
        steps = {first + k * timedelta(minutes=5): 0.0 for k in range(1, 289 if whole else 145)}
        steps |= {START - hours * H: mm for hours, mm in rows}
        there = {} if not telemetry.span([series.pk], since_s=0, until_s=2**31)[series.pk] else None
        chosen = steps if there is not None else {START - h * H: mm for h, mm in rows}
        readings = [
            Reading(series.pk, int(at.timestamp()), mm, Quality.GOOD) for at, mm in chosen.items()
        ]
        telemetry.put(readings, received_s=int(START.timestamp()))

    return put


def refused(code, function, *args, **more):
    with pytest.raises(Problem) as problem:
        function(*args, **more)
    assert problem.value.code == code
    return problem.value


@pytest.fixture
def hq(city):
    return headquarters_at("flood", _city())


def _city():
    return city()


def a_draft(hq, by, kind="daily", **more):
    return write.draft(headquarters=hq, kind=kind, by=by, **more)


def a_response(hq, level=Level.III, at=None):
    at = at or clock.now()
    return Response.objects.create(
        hazard="rain",
        headquarters=hq,
        place=hq.place,
        level=level,
        edition="x",
        clause="x",
        document_no="x",
        started_at=at,
        level_since=at,
        decided_by="x",
    )


def write_text(report):
    from fangxian.spine.command.sitreps.render import text_of

    return text_of(report)


def test_without_any_data_it_says_who_owes_it(hq, lin):
    text = write_text(a_draft(hq, lin))
    assert "尚无数据" in text
    assert "雨量站" in text


def test_rain_is_told_in_the_order_of_a_bulletin_and_each_figure_has_its_records(
    hq, lin, gauge, put_rain, now
):
    put_rain(gauge, [(10, 62.5)])
    report = a_draft(hq, lin)
    text = write_text(report)
    assert text.index("南靖县出现暴雨") < text.index("最大点为") < text.index("近1小时最大")
    figures = facts(report.content)
    assert figures["rain-most"]["t"] == "62.5"
    assert figures["rain-most"]["links"] == ["/stations/70000001"]
    assert all(part["links"] for part in figures.values())


def test_every_digit_of_a_compiled_sentence_is_a_fact_or_names_a_time_or_a_class(
    hq, lin, gauge, put_rain, now
):
    put_rain(gauge, [(10, 62.5)])
    a_response(hq, at=START - H)
    for section in a_draft(hq, lin).content["sections"]:
        for sentence in section["sentences"]:
            loose = "".join(p["t"] for p in sentence["parts"] if "f" not in p)
            loose = re.sub(
                r"\d+月\d+日(\d+时)?(\d+分)?|近\d+小时|达\d+毫米以上|\d+毫米。", "", loose
            )
            assert not re.search(r"\d", loose), loose


def test_a_partial_sum_says_that_it_is_one(hq, lin, gauge, put_rain, now):
    put_rain(gauge, [(10, 12.0)], whole=False)
    text = write_text(a_draft(hq, lin))
    assert "为下限" in text


def test_a_figure_that_changed_must_be_accepted_before_the_signature(hq, lin, gauge, put_rain, now):
    put_rain(gauge, [(10, 62.5)])
    report = a_draft(hq, lin)
    put_rain(gauge, [(20, 50.0)])
    problem = refused("sitrep.changed", write.sign, report=report, by=lin)
    assert "62.5" in problem.text("zh")
    write.accept(report=report, by=lin)
    report.refresh_from_db()
    assert {"code": "rain-most", "before": "62.5", "after": "112.5"} in report.accepted
    assert write.sign(report=report, by=lin).state == "signed"


def test_the_page_strikes_what_changed_and_writes_it_anew(hq, lin, gauge, put_rain, as_lin, now):
    put_rain(gauge, [(10, 62.5)])
    report = a_draft(hq, lin)
    put_rain(gauge, [(20, 50.0)])
    page = as_lin.get(f"/sitreps/{report.pk}").content.decode()
    assert "<del>62.5</del>" in page
    assert "<ins>112.5</ins>" in page


def test_numbers_are_given_at_signature_without_gap_or_double(hq, lin):
    reports = [a_draft(hq, lin, "flash", due_at=START - k * H) for k in range(3)]
    write.drop(report=reports[0], reason="不用", by=lin)
    signed = [write.sign(report=r, by=lin) for r in reports[1:]]
    assert [r.number for r in signed] == [1, 2]
    assert signed[0].document_no == "漳州防指快报〔2016〕1号"
    refused("step.not_from", write.sign, report=signed[0], by=lin)


def test_daily_and_flash_have_series_of_their_own(hq, lin):
    daily = write.sign(report=a_draft(hq, lin), by=lin)
    flash = write.sign(report=a_draft(hq, lin, "flash"), by=lin)
    assert (daily.number, flash.number) == (1, 1)


def test_pressing_twice_gives_one_draft_and_keeps_what_was_written(hq, lin):
    report = a_draft(hq, lin)
    write.write_own(report=report, section="ask", text="请求支援冲锋舟。", by=lin)
    again = a_draft(hq, lin)
    assert again.pk == report.pk
    assert "请求支援冲锋舟" in write_text(again)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("请求支援。", ""),
        ("请求支援冲锋舟20艘。", "2"),
        ("已转移三百人。", "三百"),
        ("倒塌房屋3间（来源：南靖县防指电话）。", ""),
    ],
)
def test_a_number_of_ones_own_needs_its_source(text, number):
    assert unsourced(text) == number


def test_signing_keeps_every_form_byte_for_byte(hq, lin):
    report = write.sign(report=a_draft(hq, lin), by=lin)
    forms = dict(Rendering.objects.filter(sitrep=report).values_list("form", "content"))
    assert set(forms) == {"txt", "docx", "pdf", "ofd"}
    assert bytes(forms["pdf"]).startswith(b"%PDF")
    assert bytes(forms["docx"])[:2] == bytes(forms["ofd"])[:2] == b"PK"


def test_a_correction_says_what_was_wrong_and_leaves_the_old_one(hq, lin, gauge, put_rain, now):
    put_rain(gauge, [(10, 62.5)])
    report = write.sign(report=a_draft(hq, lin), by=lin)
    refused("sitrep.unchanged", write.correct, report=report, by=lin, reason="x")
    put_rain(gauge, [(20, 50.0)])
    correction = write.correct(report=report, by=lin, reason="测站补报")
    text = write_text(correction)
    assert report.document_no in text
    assert "由“62.5”改为“112.5”" in text
    signed = write.sign(report=correction, by=lin)
    assert signed.number == 2
    report.refresh_from_db()
    assert facts(report.content)["rain-most"]["t"] == "62.5"


def test_a_letter_no_font_has_is_named_and_nothing_is_printed(hq, lin):
    from fangxian.spine.command.sitreps.paper import fonts

    if not fonts.known():
        pytest.skip("fontconfig is not here")
    report = a_draft(hq, lin)
    write.write_own(report=report, section="ask", text="\U00030000村请求支援。", by=lin)
    report.refresh_from_db()
    problem = refused("sitrep.unprintable", write.sign, report=report, by=lin)
    assert problem.fields["letters"] == "\U00030000"


def test_the_window_is_told_as_people_tell_it():
    a = datetime(2016, 9, 20, 7, tzinfo=BEIJING)
    assert window_text(a, a + 24 * H) == "9月20日7时至21日7时"
    b = datetime(2016, 9, 30, 7, 30, tzinfo=BEIJING)
    assert window_text(b, b + 24 * H) == "9月30日7时30分至10月1日7时30分"


def test_an_empty_report_is_not_silent():
    told = {"title": "日报", "head": "防指", "since": START, "until": START + H, "content": {}}
    assert "尚无数据" in plain_text(**told)


def test_a_response_owes_first_follow_up_and_final_reports(hq, lin, now):
    response = a_response(hq)

    def owed():
        return [(d.kind.code, d.at) for d in read.dues(at=now.at, fixed=False)]

    assert owed() == [("first", START + H)]
    now.at = START + 0.5 * H
    write.sign(report=a_draft(hq, lin, "first", response=response), by=lin)
    assert owed() == [("follow", START + 6.5 * H)]
    Response.objects.filter(pk=response.pk).update(level=Level.I)
    assert owed() == [("follow", START + 1.5 * H)]
    Response.objects.filter(pk=response.pk).update(ended_at=START + 5 * H)
    now.at = START + 6 * H
    assert owed() == [("final", START + 29 * H)]
    write.sign(report=a_draft(hq, lin, "final", response=response), by=lin)
    assert owed() == []


def test_the_daily_one_is_owed_at_its_hour_and_a_missed_one_stays(hq, lin, now):
    now.at = START - H
    due = next(d for d in read.dues(at=now.at) if d.headquarters == hq)
    assert (due.kind.code, due.at, due.minutes_left) == ("daily", START, 60)
    write.sign(report=a_draft(hq, lin, due_at=due.at), by=lin)
    now.at = START + 30 * H
    missed = next(d for d in read.dues(at=now.at) if d.headquarters == hq)
    assert (missed.at, missed.late) == (START + 24 * H, True)
    assert [g.fields["kind"] for g in cover.late(now.at)] == ["每日汇报"]


def test_a_response_not_reported_by_phone_is_a_gap_until_it_is(hq, lin, now):
    response = a_response(hq)
    now.at = START + 0.6 * H
    assert len(list(cover.not_told(now.at))) == 1
    write.told_by_phone(response=response, to="省防办值班室", text="已启动Ⅲ级响应", by=lin)
    assert list(cover.not_told(now.at)) == []


@pytest.mark.django_db
def test_a_river_over_its_mark_owes_reports_the_oftener_the_worse_it_is(hq, lin, gauge, now):
    """From the first signal, then from each report; nothing once none stands."""
    told = {"hazard": "flood", "family": "river", "about_kind": "station", "place": gauge.place}
    told |= {"about_key": gauge.code, "about_name": gauge.name}
    signal = Signal.objects.create(
        level=Level.IV,
        worst_level=Level.II,
        sure_level=Level.IV,
        rule="x",
        group="x",
        started_at=START - H,
        observed_at=START,
        worsened_at=START - H,
        **told,
    )

    def owed():
        return [d for d in read.dues(at=now.at) if d.kind.code == "river"]

    assert [d.at for d in owed()] == [START + 5 * H]
    assert [d.headquarters for d in owed()] == [hq]
    Signal.objects.filter(pk=signal.pk).update(level=Level.II)
    assert [d.at for d in owed()] == [START + H]
    write.sign(report=a_draft(hq, lin, "river", due_at=owed()[0].at), by=lin)
    assert [d.at for d in owed()] == [START + 2 * H]
    Signal.objects.filter(pk=signal.pk).update(cleared_at=START)
    assert owed() == []


def test_the_headquarters_sees_the_same_figures_whoever_drafts(
    hq, lin, huang, gauge, put_rain, now
):
    put_rain(gauge, [(10, 62.5)])
    assert a_draft(hq, lin).content == a_draft(hq, huang).content == a_draft(hq, SYSTEM).content


def test_a_town_head_may_neither_draft_nor_sign(hq, lin, chen):
    refused("rights.denied", a_draft, hq, chen)
    refused("rights.denied", write.sign, report=a_draft(hq, lin), by=chen)


def test_the_bulletin_is_ready_to_sign_in_three_clicks(hq, as_lin, now):
    now.at = START + 23 * H
    page = as_lin.get("/").content.decode()
    assert "下一次报送" in page
    due = next(d for d in read.near(seat=SYSTEM) if d.headquarters == hq)
    told = {"headquarters": hq.pk, "kind": due.kind.code, "due": due.at.isoformat()}
    answer = as_lin.post("/sitreps/draft", told, follow=True)  # click one
    key = SitRep.objects.get().pk
    assert f"/sitreps/{key}/sign" in answer.content.decode()
    as_lin.post(f"/sitreps/{key}/sign")  # click two
    assert SitRep.objects.get().state == "signed"
    for form in ("txt", "docx", "pdf", "ofd"):
        assert as_lin.get(f"/sitreps/{key}/file.{form}").status_code == 200


def test_the_report_names_what_was_closed_of_a_directive(hq, lin, huang, now):
    from fangxian.spine.command.directives.models import Item
    from fangxian.spine.command.directives.read import owners_for
    from fangxian.spine.command.directives.write import items, texts
    from fangxian.spine.core.rights import Seat
    from fangxian.spine.registry.read import holder

    text = "市水利局要于9月15日10时前完成水库巡查。\n"
    directive = texts.enter_directive(
        title="x", text=text, issued_at=START, place=_city(), by=huang
    )
    item = directive.items.get()
    posts = owners_for(item, _city())
    items.assign(item=item, posts=posts, deadline_at=START + 9 * H, measure="全部", by=huang)
    person, post = holder(posts[0]), posts[0]
    owner = Seat(person.pk, post.pk, person.name, post.role, post.place.path)
    items.sign_item(item=item, by=owner)
    items.report_item(item=item, proof="巡查记录", by=owner)
    items.verify_item(item=item, by=lin)
    items.close_item(item=item, by=lin)
    now.at = START + H
    told = write_text(a_draft(hq, lin))
    assert "办结1项" in told
    assert "完成水库巡查" in told
    assert Item.objects.get().state == "closed"
