"""Faults found in the room of situation reports."""

import io
import itertools
import re
from datetime import datetime, timedelta

import pytest
from story import START, seat_of

from fangxian.spine.command.models import Order, Response
from fangxian.spine.command.sitreps import cover, read, write
from fangxian.spine.command.sitreps.compose import facts, unsourced, window_text
from fangxian.spine.command.sitreps.models import SitRep
from fangxian.spine.command.sitreps.paper.check import judge
from fangxian.spine.command.sitreps.paper.layout import (
    COLUMNS,
    LEFT,
    PITCH,
    ROWS,
    WIDTH,
    Block,
    Document,
    Text,
    broken,
    laid_out,
)
from fangxian.spine.command.sitreps.paper.word import docx_of
from fangxian.spine.command.sitreps.render import document_of, rendered, text_of
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat
from fangxian.spine.cover.models import Gap
from fangxian.spine.observe.models import Series
from fangxian.spine.observe.store import Quality, Reading
from fangxian.spine.observe.write import add_station
from fangxian.spine.registry.models import Organisation, Place, Post
from fangxian.spine.registry.read import city as the_city
from fangxian.spine.registry.read import headquarters_at

H = timedelta(hours=1)


@pytest.fixture
def hq(city):
    return headquarters_at("flood", the_city())


@pytest.fixture
def put(telemetry):
    def put(gauge, rows, *, hours=24):
        series, _ = Series.objects.get_or_create(
            station=gauge, element="P5", defaults={"unit": "mm", "step_s": 300}
        )
        first = START - hours * H
        steps = {first + k * timedelta(minutes=5): 0.0 for k in range(1, 12 * hours + 1)}
        steps |= {START - h * H: mm for h, mm in rows}
        telemetry.put(
            [Reading(series.pk, int(at.timestamp()), mm, Quality.GOOD) for at, mm in steps.items()],
            received_s=int(START.timestamp()),
        )

    return put


def a_draft(hq, by, kind="daily", **more):
    return write.draft(headquarters=hq, kind=kind, by=by, **more)


def a_response(hq, level=Level.III, at=None, hazard="rain", **more):
    at = at or clock.now()
    return Response.objects.create(
        hazard=hazard,
        headquarters=hq,
        place=hq.place,
        level=level,
        edition="x",
        clause="x",
        document_no="x",
        started_at=at,
        level_since=at,
        decided_by="x",
        **more,
    )


def an_order(by, hexi, hazard="rain", **more):
    task = Task(area=hexi, verb="转移", object="危险区群众", minutes=60, total=12)
    order = do.issue_orders([task], hazard=hazard, level=Level.I, by=by)[0]
    Order.objects.filter(pk=order.pk).update(**more)
    order.refresh_from_db()
    return order


# --- figures as of now, not as of the report's end -------------------------------------------


def test_a_signed_report_is_not_called_wrong_because_an_order_was_done_later(hq, lin, hexi, now):
    order = an_order(lin, hexi)
    now.at = START + H
    report = write.sign(report=a_draft(hq, lin), by=lin)
    now.at = START + 5 * H
    Order.objects.filter(pk=order.pk).update(state="reported", reported_at=now.at, done=12)
    assert write.changed(report) == []


def test_gap_closed_after_the_end_does_not_change_a_signed_report(hq, lin, now):
    gap = Gap.objects.create(
        rule="station-silent",
        subject_kind="station",
        subject_id="1",
        since=START - H,
        noticed_at=START,
    )
    report = write.sign(report=a_draft(hq, lin), by=lin)
    now.at = START + 3 * H
    Gap.objects.filter(pk=gap.pk).update(until=now.at)
    assert write.changed(report) == []


def test_the_level_told_with_the_start_is_the_level_of_the_start(hq, lin, now):
    response = a_response(hq, at=START - 5 * H)
    Response.objects.filter(pk=response.pk).update(level=Level.I, level_since=START - H)
    text = text_of(a_draft(hq, lin))
    assert "14日03时00分启动暴雨Ⅰ级" not in text


# --- other headquarters, other places ----------------------------------------------------------


def test_people_moved_by_the_other_headquarters_are_not_ours(hq, lin, hexi, now):
    an_order(lin, hexi, hazard="rain", done=7)
    now.at = START + H
    epidemic = headquarters_at("epidemic", the_city())
    assert "已转移" not in text_of(a_draft(epidemic, lin))


def test_gaps_and_rolls_of_the_other_headquarters_are_not_ours(hq, lin, now):
    epidemic = headquarters_at("epidemic", the_city())
    Gap.objects.create(
        rule="sitrep-late",
        subject_kind="sitrep",
        subject_id="x",
        since=START - H,
        noticed_at=START,
        place=epidemic.place,
        owner=Post.objects.filter(organisation=epidemic).first(),
    )
    assert "在册缺口" not in text_of(a_draft(hq, lin))


def test_a_county_headquarters_does_not_count_the_city(lin, hexi, put, now):
    other = Place.objects.get(name="漳浦县", kind="county")
    hq = headquarters_at("flood", other)
    gauge = add_station(code="70000001", name="和溪雨量站", place=hexi, by=SYSTEM)
    put(gauge, [(10, 62.5)])
    text = text_of(a_draft(hq, lin))
    assert "南靖县" not in text


def test_a_county_headquarters_does_not_count_orders_of_another_county(lin, hexi, now):
    an_order(lin, hexi)
    now.at = START + H
    hq = headquarters_at("flood", Place.objects.get(name="漳浦县", kind="county"))
    assert "下达指令" not in text_of(a_draft(hq, lin))


def test_somebody_at_a_county_headquarters_may_sign_what_it_owes(city, now):
    county = Place.objects.get(name="漳浦县", kind="county")
    hq = headquarters_at("flood", county)
    post = Post.objects.filter(organisation=hq).order_by("pk").first()
    seat = Seat(None, post.pk, "县指挥长", post.role, county.path, county.kind)
    response = a_response(hq)
    now.at = START + 2 * H
    assert [g.place_id for g in cover.late(now.at)] == [county.pk]  # it owes one
    write.sign(report=a_draft(hq, seat, "first", response=response), by=seat)


def test_the_flood_duty_officer_does_not_sign_for_the_epidemic_headquarters(lin, now):
    epidemic = headquarters_at("epidemic", the_city())
    report = a_draft(epidemic, seat_of("huang"))
    with pytest.raises(Problem):
        write.sign(report=report, by=lin)


def test_a_response_of_the_other_headquarters_is_refused(hq, lin, now):
    epidemic = headquarters_at("epidemic", the_city())
    response = a_response(epidemic, hazard="epidemic")
    now.at = START + H
    with pytest.raises(Problem):
        a_draft(hq, lin, "first", response=response)


def test_only_a_headquarters_reports(as_lin):
    bureau = Organisation.objects.get(name="漳州市水利局")
    answer = as_lin.post("/sitreps/draft", {"headquarters": bureau.pk, "kind": "daily"})
    assert answer.status_code >= 400
    assert not SitRep.objects.exists()


def test_an_order_without_a_response_is_not_moved_for_ever(hq, lin, hexi, now):
    an_order(lin, hexi, done=7, state="closed", closed_at=START + H)
    now.at = START + 400 * 24 * H
    assert "已转移" not in text_of(a_draft(hq, lin))


def test_the_final_report_tells_who_was_moved(hq, lin, hexi, now):
    response = a_response(hq)
    order = an_order(lin, hexi, done=7)
    order.responses.add(response)
    now.at = START + 10 * H
    Response.objects.filter(pk=response.pk).update(ended_at=now.at)
    now.at += H
    assert "已转移" in text_of(a_draft(hq, lin, "final", response=response))


# --- rain --------------------------------------------------------------------------------------


def test_stations_over_a_bound_are_all_stations_over_it(hq, lin, hexi, put, now):
    """A 120 and 60 in Nanjing, 55 in Zhangpu: three stations are over 50, and the two of Nanjing
    are not Zhangpu's."""
    zhangpu = Place.objects.filter(kind="town", parent__name="漳浦县").first()
    for k, (place, mm) in enumerate([(hexi, 120.0), (hexi, 60.0), (zhangpu, 55.0)]):
        put(add_station(code=f"7000000{k}", name=f"站{k}", place=place, by=SYSTEM), [(10, mm)])
    text = text_of(a_draft(hq, lin))
    assert "漳浦县出现暴雨，2站" not in text, text


def test_72_hours_are_not_judged_by_the_classes_of_24(hq, lin, hexi, put, now):
    gauge = add_station(code="70000001", name="和溪雨量站", place=hexi, by=SYSTEM)
    put(gauge, [(60, 20.0), (40, 20.0), (10, 20.0)], hours=80)
    text = text_of(a_draft(hq, lin, "final"))
    assert "出现暴雨" not in text, text


def test_one_partial_gauge_does_not_say_the_whole_city_is_below_10(hq, lin, hexi, put, now):
    gauge = add_station(code="70000001", name="和溪雨量站", place=hexi, by=SYSTEM)
    for k in range(2, 8):
        add_station(code=f"7000000{k}", name=f"哑站{k}", place=hexi, by=SYSTEM)
    put(gauge, [(1, 9.9)], hours=2)
    assert "全市雨量均不足10毫米" not in text_of(a_draft(hq, lin))


def test_silent_rivers_are_not_said_to_be_below_their_marks(hq, lin, hexi, now):
    add_station(code="70000009", name="郑店", place=hexi, by=SYSTEM, river="九龙江")
    assert "各站水位均在警戒以下" not in text_of(a_draft(hq, lin))


def test_a_river_station_is_no_silent_rain_gauge(hq, lin, hexi, put, now):
    put(add_station(code="70000001", name="和溪雨量站", place=hexi, by=SYSTEM), [(10, 12.0)])
    river = add_station(code="70000009", name="郑店", place=hexi, by=SYSTEM, river="九龙江")
    Series.objects.create(station=river, element="Z", unit="m", step_s=300)
    assert facts(a_draft(hq, lin).content)["rain-of"]["t"] == "1"


# --- between draft and signature ---------------------------------------------------------------


def test_another_station_with_the_same_figure_is_a_change(hq, lin, hexi, put, now):
    zhangpu = Place.objects.filter(kind="town", parent__name="漳浦县").first()
    a = add_station(code="70000001", name="甲", place=hexi, by=SYSTEM)
    b = add_station(code="70000002", name="乙", place=zhangpu, by=SYSTEM)
    put(a, [(10, 62.5)])
    put(b, [(10, 3.0)])
    report = a_draft(hq, lin)
    put(a, [(10, 3.0)])
    put(b, [(10, 62.5)])  # corrected: it was the other one
    with pytest.raises(Problem):
        write.sign(report=report, by=lin)


def test_a_response_that_ended_is_a_change(hq, lin, now):
    response = a_response(hq, at=START - 5 * H)
    report = a_draft(hq, lin)
    Response.objects.filter(pk=response.pk).update(ended_at=START - H)
    with pytest.raises(Problem):
        write.sign(report=report, by=lin)


def test_a_bar_that_changed_is_a_change(hq, lin, hexi, put, now):
    zhangpu = Place.objects.filter(kind="town", parent__name="漳浦县").first()
    a = add_station(code="70000001", name="甲", place=hexi, by=SYSTEM)
    b = add_station(code="70000002", name="乙", place=zhangpu, by=SYSTEM)
    put(a, [(10, 8.0)])
    put(b, [(10, 3.0)])
    report = a_draft(hq, lin)
    put(b, [(10, 7.0)])
    with pytest.raises(Problem):
        write.sign(report=report, by=lin)


def test_what_is_signed_is_what_the_signer_has_read(hq, lin, huang, hexi, put, as_lin, now):
    gauge = add_station(code="70000001", name="甲", place=hexi, by=SYSTEM)
    put(gauge, [(10, 62.5)])
    report = a_draft(hq, lin)
    page = as_lin.get(f"/sitreps/{report.pk}").content.decode()
    form = re.search(rf'action="/sitreps/{report.pk}/sign">(.*?)</form>', page, re.S)[1]
    told = dict(re.findall(r'name="([a-z]+)" value="([^"]*)"', form))
    put(gauge, [(20, 50.0)])
    write.accept(report=report, by=huang)
    as_lin.post(f"/sitreps/{report.pk}/sign", told)
    assert SitRep.objects.get(pk=report.pk).state == "draft"


@pytest.mark.parametrize("verb", ["own", "accept"])
def test_who_read_the_draft_before_the_signature_does_not_change_what_was_signed(hq, lin, verb):
    report = a_draft(hq, lin)
    stale = SitRep.objects.get(pk=report.pk)
    signed = write.sign(report=report, by=lin)
    with pytest.raises(Problem):
        if verb == "own":
            write.write_own(report=stale, section="ask", text="请求支援。", by=lin)
        else:
            write.accept(report=stale, by=lin)
    assert SitRep.objects.get(pk=report.pk).content == signed.content


def test_two_who_write_into_two_sections_both_stay(hq, lin):
    report = a_draft(hq, lin)
    one, two = SitRep.objects.get(pk=report.pk), SitRep.objects.get(pk=report.pk)
    write.write_own(report=one, section="ask", text="请求支援。", by=lin)
    write.write_own(report=two, section="forecast", text="今夜有雨。", by=lin)
    assert "请求支援" in text_of(SitRep.objects.get(pk=report.pk))


# --- corrections -------------------------------------------------------------------------------


@pytest.fixture
def corrected(hq, lin, hexi, put, now):
    gauge = add_station(code="70000001", name="甲", place=hexi, by=SYSTEM)
    put(gauge, [(10, 62.5)])
    report = write.sign(report=a_draft(hq, lin), by=lin)
    put(gauge, [(10, 62.5), (20, 50.0)])
    return gauge, report, write.correct(report=report, by=lin, reason="测站补报")


def test_a_correction_whose_figure_changed_again_is_not_signed_unseen(corrected, lin, put):
    gauge, _, draft = corrected
    put(gauge, [(10, 62.5), (20, 80.0)])
    with pytest.raises(Problem):
        write.sign(report=draft, by=lin)


def test_accepting_new_figures_keeps_what_a_correction_says(corrected, lin, as_lin, put):
    _, _, draft = corrected
    as_lin.post(f"/sitreps/{draft.pk}/accept")
    assert "更正如下" in text_of(SitRep.objects.get(pk=draft.pk))


def test_writing_into_a_correction_leaves_what_is_corrected_first(corrected, lin):
    _, _, draft = corrected
    write.write_own(report=draft, section="river", text="水位正在下降。", by=lin)
    draft.refresh_from_db()
    assert draft.content["sections"][0]["title"] == "更正说明"


def test_what_one_asks_for_is_not_put_under_the_correction(corrected, lin):
    _, _, draft = corrected
    write.write_own(report=draft, section="ask", text="请求支援。", by=lin)
    draft.refresh_from_db()
    assert [s["title"] for s in draft.content["sections"] if s["own"]] == ["请求事项"]


def test_pressing_correct_twice_is_one_correction(corrected, lin):
    _, report, draft = corrected
    assert write.correct(report=report, by=lin, reason="测站补报").pk == draft.pk


def test_a_report_that_was_corrected_is_not_corrected_the_same_way_again(corrected, lin):
    _, report, draft = corrected
    write.sign(report=draft, by=lin)
    with pytest.raises(Problem):
        write.correct(report=report, by=lin, reason="测站补报")


def test_what_a_person_wrote_wrongly_can_be_corrected(hq, lin):
    report = a_draft(hq, lin)
    write.write_own(report=report, section="ask", text="死亡3人（来源：南靖县防指电话）。", by=lin)
    report = write.sign(report=SitRep.objects.get(pk=report.pk), by=lin)
    write.correct(report=report, by=lin, reason="死亡人数有误，应为0人")


def test_a_correction_of_a_report_of_ten_sections_is_printed(hq, lin, hexi, put, now):
    from fangxian.spine.command.sitreps.says import SECTIONS

    gauge = add_station(code="70000001", name="甲", place=hexi, by=SYSTEM)
    put(gauge, [(10, 62.5)])
    report = a_draft(hq, lin)
    for code in SECTIONS:
        write.write_own(report=report, section=code, text="无。", by=lin)
    report = write.sign(report=report, by=lin)
    put(gauge, [(10, 62.5), (20, 50.0)])
    text_of(write.correct(report=report, by=lin, reason="测站补报"))


def test_the_draft_of_what_is_due_is_no_correction(hq, lin, hexi, put, now):
    gauge = add_station(code="70000001", name="甲", place=hexi, by=SYSTEM)
    put(gauge, [(1, 62.5)], hours=8)
    response = a_response(hq, at=START - 8 * H)
    write.sign(report=a_draft(hq, lin, "first", response=response), by=lin)
    now.at = START + timedelta(minutes=1)
    report = write.sign(report=a_draft(hq, lin, "follow", response=response), by=lin)
    put(gauge, [(1, 62.5), (2, 30.0)], hours=8)
    write.correct(report=report, by=lin, reason="测站补报")
    due = next(d for d in read.dues(at=now.at, fixed=False))
    assert due.kind.code == "follow"
    assert due.draft is None


# --- clocks ------------------------------------------------------------------------------------


def test_the_final_report_of_a_response_of_two_years_can_be_written(lin, now):
    epidemic = headquarters_at("epidemic", the_city())
    response = a_response(epidemic, hazard="epidemic", at=START - 700 * 24 * H, ended_at=START)
    now.at = START + H
    a_draft(epidemic, lin, "final", response=response)


def test_the_window_of_a_year_names_the_years():
    a = datetime(2020, 9, 15, 8, tzinfo=BEIJING)
    b = datetime(2021, 9, 10, 8, tzinfo=BEIJING)
    assert window_text(a, b) != "9月15日8时至10日8时"


def test_a_daily_without_a_due_hour_does_not_silence_the_clock(hq, lin, now):
    write.sign(report=a_draft(hq, lin), by=lin)  # 另起一份
    now.at = START + 23 * H
    write.sign(report=a_draft(hq, lin, due_at=START + 24 * H), by=lin)
    now.at = START + 60 * H  # the one of +48 h was missed
    assert [g.fields["kind"] for g in cover.late(now.at)] == ["每日汇报"]


def test_a_missed_daily_stays_a_gap_until_it_is_written(hq, lin, now):
    now.at = START - H
    write.sign(report=a_draft(hq, lin, due_at=START), by=lin)
    for day in (2, 3, 4):
        now.at = START + day * 24 * H - H
        write.sign(report=a_draft(hq, lin, due_at=START + day * 24 * H), by=lin)
    assert list(cover.late(START + 95 * H))
    now.at = START + 97 * H
    assert list(cover.late(now.at))


def test_tomorrows_report_is_not_written_today(hq, lin, now):
    """Signed at nine for eight tomorrow: it holds nothing of the day it is owed for."""
    now.at = START + H
    report = a_draft(hq, lin, due_at=START + 5 * 24 * H)
    with pytest.raises(Problem):
        write.sign(report=report, by=lin)


def test_a_foul_time_is_a_problem_not_a_crash(hq):
    with pytest.raises(Problem):
        a_draft(hq, SYSTEM, until=datetime(1, 1, 1, 0, tzinfo=BEIJING))


# --- drill, text, paper ------------------------------------------------------------------------


def test_the_text_that_is_copied_in_a_drill_says_so(hq, lin, as_lin, monkeypatch):
    monkeypatch.setattr("fangxian.spine.command.sitreps.render._mark", lambda: "演练")
    report = a_draft(hq, lin)
    page = as_lin.get(f"/sitreps/{report.pk}").content.decode()
    assert "演练" in re.search(r'<pre id="plain"[^>]*>(.*?)</pre>', page, re.S)[1]


@pytest.mark.parametrize(
    "text",
    [
        "死亡5人。倒塌房屋3间（来源：南靖县防指电话）。",
        "请求支援冲锋舟二十艘。",
        "死亡三名。",
        "转移三百余人。",
        "失联两人。",
    ],
)
def test_a_number_without_its_source_is_found(text):
    assert unsourced(text)


def test_a_word_that_is_no_figure_is_let_through():
    assert unsourced("请一个一个核对。") == ""


def test_a_long_word_stays_within_the_line():
    for n in (53, 56, 200):
        for line in broken("http://" + "a" * (n - 7), first=4):
            assert line[-1].at + len(line[-1].text) <= 56


def test_two_numbers_do_not_become_one():
    text = "".join(
        p.text for line in broken("水位12.5 13.2，水量300\n400。", first=4) for p in line
    )
    assert "12.513.2" not in text
    assert "300400" not in text


def a_document(**more):
    told = {
        "issuer": "漳州市防汛抗旱指挥部",
        "number": "漳州防指快报〔2016〕12号",
        "signer": "黄某某",
        "title": "报告",
        "blocks": (Block("para", "汉" * COLUMNS * ROWS),),
        "closing": ("漳州市防汛抗旱指挥部", "2016年9月15日"),
        "office": "漳州市防汛抗旱指挥部办公室",
        "printed": "2016年9月15日印发",
        **more,
    }
    return Document(**told)


def right(item):
    return item.x + item.advance * len(item.text)


@pytest.mark.parametrize("signer", ["阿卜杜热合曼·买买提伊明", "黄" * 40])
def test_number_and_signer_do_not_run_into_each_other(signer):
    page = laid_out(a_document(signer=signer))[0]
    items = [i for i in page if isinstance(i, Text)]
    y = next(i.y for i in items if "防指" in i.text and "快报" in i.text)
    row = sorted((i for i in items if abs(i.y - y) < 1), key=lambda i: i.x)
    assert all(i.x >= LEFT - 0.01 for i in row)
    assert all(right(a) <= b.x + 0.1 for a, b in itertools.pairwise(row))


def test_the_imprint_of_a_long_office_does_not_run_into_its_date():
    office = "漳州市应对新型冠状病毒感染肺炎疫情工作领导小组办公室"
    page = laid_out(a_document(office=office, printed="2020年11月12日印发"))[-1]
    items = [i for i in page if isinstance(i, Text)]
    y = next(i.y for i in items if i.text == office)
    row = sorted((i for i in items if abs(i.y - y) < 1), key=lambda i: i.x)
    assert all(right(a) <= b.x + 0.1 for a, b in itertools.pairwise(row))


def test_a_picture_in_word_is_no_wider_than_the_type_area(hq, lin, hexi, put, now):
    import docx

    put(add_station(code="70000001", name="甲", place=hexi, by=SYSTEM), [(10, 62.5)])
    book = docx.Document(io.BytesIO(rendered(a_draft(hq, lin), "docx")))
    assert [round(s.width.mm) for s in book.inline_shapes if s.width.mm > WIDTH + 1] == []


def test_a_picture_in_ofd_is_not_stretched(hq, lin, hexi, put, now):
    from PIL import Image

    from fangxian.spine.command.sitreps.paper.layout import Picture

    put(add_station(code="70000001", name="甲", place=hexi, by=SYSTEM), [(10, 62.5)])
    for page in laid_out(document_of(a_draft(hq, lin))):
        for item in page:
            if isinstance(item, Picture):
                wide, high = Image.open(io.BytesIO(item.png)).size
                assert abs(item.w / item.h / (wide / high) - 1) < 0.05


def test_a_signers_name_that_no_font_has_is_named(hq, lin):
    from fangxian.spine.command.sitreps.paper import fonts

    if not fonts.known():
        pytest.skip("fontconfig is not here")
    rare = Seat(
        lin.person_id, lin.post_id, "林\U00030000（值班员）", lin.role, lin.place_path, lin.level
    )
    with pytest.raises(Problem):
        write.sign(report=a_draft(hq, lin), by=rare)


def test_a_control_letter_is_no_crash_at_the_signature(hq, lin):
    report = a_draft(hq, lin)
    write.write_own(report=report, section="ask", text="请求\x0b支援。", by=lin)
    write.sign(report=report, by=lin)


def test_a_file_of_a_dropped_draft_says_that_it_is_void(hq, lin):
    report = a_draft(hq, lin)
    write.drop(report=report, reason="不用", by=lin)
    assert "作废" in rendered(SitRep.objects.get(pk=report.pk), "txt").decode()


# --- the check ---------------------------------------------------------------------------------


def saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def told(content, name="a.docx"):
    return {r.code: r.ok for r in judge(content, name)}


def test_a_document_set_by_a_grid_holds():
    """How offices set it in Word: 3号, a grid of 22 lines of 28 (GB/T 9704 text)."""
    import docx
    from docx.oxml.ns import qn

    book = docx.Document(io.BytesIO(docx_of(a_document())))
    style = book.styles["Normal"].element
    style.find(qn("w:rPr")).remove(style.find(qn("w:rPr")).find(qn("w:spacing")))
    style.find(qn("w:pPr")).remove(style.find(qn("w:pPr")).find(qn("w:spacing")))
    grid = book.sections[0]._sectPr.makeelement(
        qn("w:docGrid"),
        {qn("w:type"): "linesAndChars", qn("w:linePitch"): "579", qn("w:charSpace"): "-849"},
    )
    book.sections[0]._sectPr.append(grid)
    assert told(saved(book))["columns"] is not False


def test_a_landscape_part_is_found():
    import docx
    from docx.enum.section import WD_SECTION
    from docx.shared import Mm

    book = docx.Document(io.BytesIO(docx_of(a_document())))
    part = book.add_section(WD_SECTION.NEW_PAGE)
    part.page_width, part.page_height = Mm(297), Mm(210)
    assert told(saved(book))["page"] is False


def test_body_letters_of_12_points_are_found():
    import docx
    from docx.shared import Pt

    book = docx.Document(io.BytesIO(docx_of(a_document())))
    for paragraph in book.paragraphs:
        for run in paragraph.runs:
            run.font.size = Pt(12)
    rules = told(saved(book))
    assert rules["columns"] is not True


def test_a_date_in_the_footer_is_no_page_number():
    import docx
    from docx.oxml.ns import qn

    book = docx.Document(io.BytesIO(docx_of(a_document())))
    for footer in (book.sections[0].footer, book.sections[0].even_page_footer):
        for code in footer._element.iter(qn("w:instrText")):
            code.text = " DATE "
    assert told(saved(book))["page-numbers"] is False


def test_a_simple_field_is_a_page_number():
    import docx
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    book = docx.Document(io.BytesIO(docx_of(a_document())))
    for footer in (book.sections[0].footer, book.sections[0].even_page_footer):
        paragraph = footer.paragraphs[0]
        for run in list(paragraph.runs):
            paragraph._p.remove(run._r)
        field = OxmlElement("w:fldSimple")
        field.set(qn("w:instr"), " PAGE ")
        paragraph._p.append(field)
    assert told(saved(book))["page-numbers"] is True


def pdf(*, pitch=None, wide=False):
    from weasyprint import HTML

    pitch = pitch or PITCH
    lines = "".join(
        f"<p style='position:absolute;margin:0;left:28mm;top:{37 + k * pitch}mm;"
        f"font-size:15.75pt;font-family:Noto Serif CJK SC;white-space:pre'>{'汉' * 28}</p>"
        for k in range(int(225 / pitch + 1e-6))
    )
    foot = (
        "<p style='position:absolute;margin:0;left:{}mm;top:270mm;font-size:14pt;"
        "font-family:Noto Serif CJK SC'>— {} —</p>"
    )
    page = "<section style='position:relative;width:210mm;height:297mm;break-after:page'>"
    style = "@page{size:210mm 297mm;margin:0} @page w{size:297mm 210mm} body{margin:0}"
    last = "<section style='page:w'>汉</section>" if wide else ""
    html = f"<style>{style}</style>{page}{lines}{foot.format(165, 1)}</section>"
    html += f"{page}{lines}{foot.format(33, 2)}</section>{last}"
    return HTML(string=html).write_pdf()


def test_the_home_made_pdf_is_right_otherwise():
    assert {k for k, ok in told(pdf(), "a.pdf").items() if not ok} == set()


def test_a_pdf_of_lines_too_far_apart_is_found():
    assert told(pdf(pitch=11.2), "a.pdf")["rows"] is False


def test_a_pdf_with_a_landscape_page_is_found():
    assert told(pdf(wide=True), "a.pdf")["page"] is False


# --- the screen and the field ------------------------------------------------------------------


def test_a_responder_of_the_city_is_not_compared_with_the_whole_city(city, hexi, lin, now):
    from fangxian.spine.command.desk import situation
    from fangxian.spine.command.screen import note_figures, numbers

    an_order(lin, hexi, done=7, acknowledge_by=START - H)
    note_figures(by=SYSTEM)
    now.at = START + H
    post = Post.objects.get(organisation__name="漳州市水利局", role="responder")
    seat = Seat(None, post.pk, "局长", "responder", post.place.path, "city")
    found = numbers(seat=seat, hq="all", now=situation(seat=seat, hq="all"))
    told = {n.code: (n.value, n.change) for n in found}
    assert told["moved"][1] in (None, 0), told


def test_the_list_of_the_screen_is_of_the_headquarters_that_is_chosen(as_lin, lin, hexi, now):
    an_order(lin, hexi, acknowledge_by=START - H)
    page = as_lin.get("/screen?hq=epidemic").content.decode()
    assert "危险区群众" not in page


def test_the_map_of_the_screen_is_of_the_headquarters_that_is_chosen():
    import inspect

    from fangxian.surfaces.web.outlines import shapes

    assert "hq" in inspect.signature(shapes).parameters


@pytest.fixture
def away(city, hexi, now):
    from fangxian.spine.ready.models import Dispatch, Team

    post = Post.objects.filter(place=hexi).first()
    fields = {f.name for f in Team._meta.get_fields()}
    told = {
        "code": "t1",
        "name": "突击队",
        "place": hexi,
        "post": post,
        "kind": "x",
        "size": 10,
        "headquarters": ["flood"],
    }
    team = Team.objects.create(**{k: v for k, v in told.items() if k in fields})
    return Dispatch.objects.create(team=team, place=hexi, sent_at=START, sent_by="x")


def test_a_silent_team_stays_a_gap_while_it_is_asked_again(away, now):
    from fangxian.spine.command.field import silent
    from fangxian.spine.command.write.field import check_field

    now.at = START + 2 * H
    assert check_field(by=SYSTEM) == 1
    seen = []
    for _ in range(30):
        now.at += timedelta(minutes=10)
        check_field(by=SYSTEM)
        seen.append(bool(silent(now.at)))
    assert False not in seen[seen.index(True) :], seen


def test_a_team_that_says_all_is_well_is_understood(city):
    from fangxian.spine.command.replies import read_reply
    from fangxian.spine.core.editions import edition

    assert read_reply("平安", edition("replies", clock.now()).content) == "received"


def test_who_has_left_the_post_does_not_answer_for_the_team(away, now):
    from fangxian.spine.command.field import silent
    from fangxian.spine.command.write.field import check_field, hear_field
    from fangxian.spine.registry.models import Term
    from fangxian.spine.registry.read import holder

    now.at = START + 2 * H
    check_field(by=SYSTEM)
    person = holder(away.team.post)
    Term.objects.filter(post=away.team.post).update(ends_at=now.at)
    now.at += H

    class Heard:
        after = {
            "about": f"dispatch:{away.pk}",
            "person": person.pk,
            "post": away.team.post_id,
            "answer": "1",
        }

    hear_field(Heard)
    assert list(silent(now.at)) == [away]


def test_a_call_for_help_of_one_who_has_left_the_post_is_not_lost(away, now):
    from fangxian.spine.command.field import silent
    from fangxian.spine.command.write.field import hear_field
    from fangxian.spine.reach.models import Message
    from fangxian.spine.registry.models import Term
    from fangxian.spine.registry.read import holder

    person = holder(away.team.post)
    Term.objects.filter(post=away.team.post).update(ends_at=now.at)
    now.at = START + H

    class Heard:
        after = {
            "about": f"dispatch:{away.pk}",
            "person": person.pk,
            "post": away.team.post_id,
            "answer": "3",
        }

    hear_field(Heard)
    assert Message.objects.filter(text__contains="求助").exists()
    assert list(silent(now.at + 2 * H)) == [away]


def test_a_call_for_help_of_a_team_without_an_order_is_not_lost(away, now):
    from fangxian.spine.command.models import Plea
    from fangxian.spine.command.write.field import hear_field
    from fangxian.spine.registry.read import holder

    class Heard:
        after = {
            "about": f"dispatch:{away.pk}",
            "person": holder(away.team.post).pk,
            "post": away.team.post_id,
            "answer": "3",
        }

    now.at = START + H
    hear_field(Heard)
    from fangxian.spine.command.field import silent

    assert Plea.objects.exists() or list(silent(now.at + 2 * H))


# --- epidemic ----------------------------------------------------------------------------------


def test_a_suspected_case_is_no_new_local_case(city, hexi, lin, now):
    from fangxian.hazards.epidemic.sentinel import said  # noqa: F401
    from fangxian.hazards.epidemic.sentinel.models import Case
    from fangxian.spine.people.models import Person

    fields = {f.name for f in Person._meta.get_fields()}
    told = {"name": "某", "place": hexi, "added_at": START, "last_used_at": START}
    person = Person.objects.create(**{k: v for k, v in told.items() if k in fields})
    Case.objects.create(
        number="1",
        person=person,
        disease="x",
        status="suspected",
        origin="unknown",
        place=hexi,
        diagnosed_at=START - H,
        reported_at=START - H,
    )
    epidemic = headquarters_at("epidemic", the_city())
    assert facts(a_draft(epidemic, lin).content)["cases"]["t"] == "0"


def test_who_came_is_counted_when_he_arrived_here(city, hexi, lin, now):
    from fangxian.hazards.epidemic.arrivals.models import Arrival
    from fangxian.spine.people.models import Person

    fields = {f.name for f in Person._meta.get_fields()}
    told = {"name": "某", "place": hexi, "added_at": START, "last_used_at": START}
    for k, (entered, arrived, state) in enumerate(
        [
            (START - 200 * H, START - H, "arrived"),  # came through Xiamen, here today
            (None, START - H, "arrived"),  # from another province
        ]
    ):
        person = Person.objects.create(**{k: v for k, v in told.items() if k in fields})
        Arrival.objects.create(
            person=person,
            place=hexi,
            entered_at=entered,
            arrived_at=arrived,
            state=state,
            state_at=START,
            made_at=START,
        )
    epidemic = headquarters_at("epidemic", the_city())
    assert facts(a_draft(epidemic, lin).content)["arrived"]["t"] == "2"


def test_who_did_not_come_is_not_counted(city, hexi, lin, now):
    from fangxian.hazards.epidemic.arrivals.models import Arrival
    from fangxian.spine.people.models import Person

    fields = {f.name for f in Person._meta.get_fields()}
    told = {"name": "某", "place": hexi, "added_at": START, "last_used_at": START}
    person = Person.objects.create(**{k: v for k, v in told.items() if k in fields})
    Arrival.objects.create(
        person=person, place=hexi, entered_at=START - H, state="void", state_at=START, made_at=START
    )
    epidemic = headquarters_at("epidemic", the_city())
    assert facts(a_draft(epidemic, lin).content).get("arrived", {"t": "0"})["t"] == "0"


# --- speed -------------------------------------------------------------------------------------


def test_a_signed_report_of_long_ago_is_not_compiled_at_every_look(hq, lin, as_lin, monkeypatch):
    report = write.sign(report=a_draft(hq, lin), by=lin)
    calls = []
    monkeypatch.setattr(write, "compile_content", lambda ask: calls.append(ask) or report.content)
    as_lin.get(f"/sitreps/{report.pk}")
    assert calls == []


def test_what_is_owed_does_not_read_every_response_there_ever_was(
    hq, now, django_assert_max_num_queries
):
    for k in range(300):
        a_response(hq, at=START - (1000 + k) * 24 * H, ended_at=START - (999 + k) * 24 * H)

    rows = []
    before = Response.from_db.__func__
    Response.from_db = classmethod(lambda cls, *a: rows.append(1) or before(cls, *a))
    try:
        read.dues(at=now.at)
    finally:
        del Response.from_db
    assert len(rows) < 10


def test_a_raised_figure_does_not_pull_the_letters_behind_it():
    """m³ stands in every bulletin of a river."""
    import pypdfium2

    from fangxian.spine.command.sitreps.paper.layout import PT
    from fangxian.spine.command.sitreps.paper.pdf import pdf_of

    pages = laid_out(a_document(blocks=(Block("para", "流量每秒3000m³以上汉字汉字。"),)))
    book = pypdfium2.PdfDocument(pdf_of(pages, title="t", author="a", made_at=START))
    text = book[0].get_textpage()
    there = {
        text.get_text_range(k, 1): text.get_charbox(k, loose=True)[0] * PT
        for k in range(text.count_chars())
    }
    run = next(i for i in pages[0] if isinstance(i, Text) and "以上" in i.text)
    wanted = run.x + run.text.index("上") * run.advance
    assert abs(there["上"] - wanted) < 0.5, (there["上"], wanted)


def test_a_name_that_ends_in_a_figure_does_not_run_into_the_sum(hq, lin, hexi, put, now):
    put(add_station(code="70000001", name="和溪2", place=hexi, by=SYSTEM), [(10, 62.5)])
    assert "和溪262.5" not in text_of(a_draft(hq, lin))
