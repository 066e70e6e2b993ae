"""A directive followed to closure: every sentence decided, owners told, clocks, letters."""

from datetime import datetime, timedelta

import pytest
from story import START

from fangxian.spine.command.directives import cover, follow
from fangxian.spine.command.directives.letter import closure_letter
from fangxian.spine.command.directives.models import Directive, Item
from fangxian.spine.command.directives.read import by_department, owners_for
from fangxian.spine.command.directives.write import items as do
from fangxian.spine.command.directives.write import texts
from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.queue import sweep_due
from fangxian.spine.core.rights import Seat
from fangxian.spine.cover.models import Gap
from fangxian.spine.reach.models import Delivery
from fangxian.spine.registry.models import Organisation, Post
from fangxian.spine.registry.read import city, holder

TEXT = """市领导检查防汛工作
9月14日，市领导到和溪镇检查防汛工作，听取了汇报。
市水利局要于9月15日10时前完成水库巡查，确保不留死角。
各县(区)要严禁渔船擅自出海。
要进一步提高思想认识，克服麻痹思想。
"""
H = timedelta(hours=1)


def enter(by, text=TEXT, **more):
    return texts.enter_directive(title="", text=text, issued_at=START, place=city(), by=by, **more)


@pytest.fixture
def directive(city, huang):
    return enter(huang)


def asked(directive, n=2):
    return directive.items.get(number=n)


def assign(item, by, posts=None, *, after=24 * H, **more):
    posts = posts or owners_for(item, city())
    told = {"deadline_at": clock.now() + after, "measure": "全部完成", **more}
    return do.assign(item=item, posts=posts, by=by, **told)


def seat_at(post):
    person = holder(post)
    return Seat(person.pk, post.pk, f"{person.name}（{post}）", post.role, post.place.path)


def told_of(item):
    rows = Delivery.objects.filter(message__subject_kind="item", message__subject_id=str(item.pk))
    return [(d.person_id, d.message.text) for d in rows.select_related("message")]


def refused(code, function, *args, **more):
    with pytest.raises(Problem) as problem:
        function(*args, **more)
    assert problem.value.code == code


def test_every_sentence_waits_for_a_decision_and_the_title_does_not(directive):
    kinds = list(directive.items.order_by("number").values_list("kind", flat=True))
    assert kinds == ["telling", "requirement", "requirement", "exhortation"]
    assert directive.title == "市领导检查防汛工作"
    assert asked(directive).deadline_at == datetime(2016, 9, 15, 10, tzinfo=BEIJING)
    assert asked(directive).cover_rule == "blind-spot"


def test_owners_named_in_the_text_are_proposed(directive):
    water = owners_for(asked(directive), city())
    assert [str(post) for post in water] == ["漳州市水利局水情科长"]
    counties = owners_for(asked(directive, 3), city())
    assert len(counties) == 11


def test_the_same_text_is_refused_unless_somebody_says_why(directive, huang):
    refused("directive.same", enter, huang, TEXT.replace("。", "！") + "另附名单。")
    again = enter(huang, anyway="更正版")
    assert Directive.objects.count() == 2
    assert Event.objects.filter(kind="directive.entered", subject_id=str(again.pk)).get().reason


def test_an_item_needs_owner_deadline_and_measure(directive, huang):
    item = asked(directive)
    posts = owners_for(item, city())
    refused(
        "item.incomplete",
        do.assign,
        item=item,
        posts=[],
        deadline_at=START + H,
        measure="x",
        by=huang,
    )
    refused(
        "item.incomplete",
        do.assign,
        item=item,
        posts=posts,
        deadline_at=START + H,
        measure=" ",
        by=huang,
    )
    refused(
        "item.past", do.assign, item=item, posts=posts, deadline_at=START - H, measure="x", by=huang
    )
    assert Item.objects.get(pk=item.pk).state == "proposed"


def test_one_sentence_for_eleven_counties_is_one_item_for_each(directive, huang):
    made = assign(asked(directive, 3), huang)
    assert len({item.post_id for item in made}) == 11
    assert {item.number for item in made} == {3}


def test_a_text_is_settled_when_every_sentence_is_decided_by_somebody(directive, huang):
    assign(asked(directive), huang)
    assign(asked(directive, 3), huang)
    rest = directive.items.filter(state="proposed")
    assert texts.drop_items(items=list(rest), by=huang) == 2
    directive.refresh_from_db()
    assert directive.state == "settled"
    assert set(directive.items.filter(state="dropped").values_list("decided_by", flat=True)) == {
        huang.label
    }


def play(item, now):
    """Everything from the owner's text message to closure."""
    owner = seat_at(item.post)
    do.sign_item(item=item, by=owner)
    now.at += H
    do.progress_item(item=item, note="已查 20 座", by=owner)
    do.report_item(item=item, proof="巡查记录 45 份", by=owner)
    return owner


def test_from_the_visit_to_the_closure_letter(directive, huang, lin, now):
    (item,) = assign(asked(directive), huang)
    follow.tell_owner(Event.objects.get(kind="item.assigned"))
    assert [person for person, _ in told_of(item)] == [holder(item.post).pk] * 2
    assert all(len(text) <= 70 for _, text in told_of(item))
    owner = play(item, now)
    refused(
        "step.second_person",
        do.verify_item,
        item=item,
        by=Seat(1, owner.post_id, "x", "commander", "1."),
    )
    do.verify_item(item=item, by=lin)
    do.close_item(item=item, by=lin)
    texts.drop_items(items=list(directive.items.filter(state="proposed")), by=huang)
    letter = closure_letter(directive)
    assert "事项 1 项，办结 1 项" in letter
    assert "巡查记录 45 份" in letter


def test_a_goal_tied_to_a_rule_of_cover_is_closed_by_its_measure_alone(directive, huang, lin, now):
    (item,) = assign(asked(directive), huang, cover_rule="blind-spot")
    play(item, now)
    gap = Gap.objects.create(
        rule="blind-spot",
        subject_kind="x",
        subject_id="1",
        since=START,
        noticed_at=START,
        fields={},
    )
    refused("item.measured", do.verify_item, item=item, by=lin)
    Gap.objects.filter(pk=gap.pk).update(until=clock.now())
    do.verify_item(item=item, by=lin)


def clocks(now):
    """Moments that have come, and what follows of them."""
    before = Event.objects.order_by("-id").first().pk
    sweep_due()
    functions = {
        "item.unsigned": follow.tell_superior,
        "item.near_due": follow.send_letter,
        "item.behind": follow.send_letter,
        "item.due": follow.send_letter,
    }
    for event in Event.objects.filter(id__gt=before, kind__in=functions).order_by("id"):
        functions[event.kind](event)


def test_the_letters_come_at_the_right_minute_over_a_holiday(directive, huang, now):
    now.at = datetime(2016, 9, 30, 9, tzinfo=BEIJING)  # the holidays of 1 to 7 October follow
    (item,) = assign(asked(directive), huang, after=100 * H)
    do.sign_item(item=item, by=seat_at(item.post))

    def colour(hours):
        now.at = datetime(2016, 9, 30, 9, tzinfo=BEIJING) + hours * H
        clocks(now)
        return Item.objects.get(pk=item.pk).letter

    assert [colour(h) for h in (49.9, 50, 79, 100, 101)] == ["", "yellow", "yellow", "red", "red"]
    assert Event.objects.filter(kind="item.letter").count() == 2


def test_who_reports_progress_gets_the_blue_letter_and_not_the_yellow_one(directive, huang, now):
    (item,) = assign(asked(directive), huang, after=100 * H)
    owner = seat_at(item.post)
    do.sign_item(item=item, by=owner)
    do.progress_item(item=item, note="在办", by=owner)
    now.at += 60 * H
    clocks(now)
    assert Item.objects.get(pk=item.pk).letter == ""
    now.at += 25 * H
    clocks(now)
    assert Item.objects.get(pk=item.pk).letter == "blue"


def test_an_item_nobody_signs_for_goes_to_the_superior_and_is_a_gap(directive, huang, now):
    (item,) = assign(asked(directive), huang)
    now.at += 3 * H
    clocks(now)
    above = holder(item.post.superior)
    assert above.pk in [person for person, _ in told_of(item)]
    (gap,) = cover.unsigned(now.at)
    assert gap.owner_id == item.post.superior_id


def test_an_answer_by_text_signs_for_it(directive, huang):
    (item,) = assign(asked(directive), huang)
    person = holder(item.post)
    about = {"about": f"item:{item.pk}", "person": person.pk, "post": item.post_id, "answer": "1"}
    follow.take_answer(Event(after=about))
    item.refresh_from_db()
    assert (item.state, item.signed_by) == ("signed", person.name)


def test_an_extension_keeps_the_first_deadline(directive, huang):
    (item,) = assign(asked(directive), huang)
    first = item.deadline_at
    do.extend_item(item=item, deadline_at=first + 24 * H, reason="水位高", by=huang)
    assert (item.first_deadline_at, item.deadline_at) == (first, first + 24 * H)
    refused(
        "input.reason_missing",
        do.extend_item,
        item=item,
        deadline_at=first + 48 * H,
        reason="",
        by=huang,
    )


def test_opposite_verbs_and_the_same_hour_are_shown_before_they_go_out(directive, huang):
    (first,) = assign(asked(directive), huang)
    other = enter(
        huang,
        "水库要立即泄洪。\n水库要蓄水保供。\n市水利局要于9月15日9时前上报方案。\n",
        anyway="x",
    )
    release, keep, plan = other.items.order_by("number")
    assign(release, huang, [first.post], after=40 * H)
    refused("item.conflict", assign, keep, huang, [first.post], after=60 * H)
    refused(
        "item.conflict",
        assign,
        plan,
        huang,
        [first.post],
        after=first.deadline_at + H - clock.now(),
    )
    assert assign(keep, huang, [first.post], after=60 * H, in_spite="分时段执行")


def test_a_broken_run_blocks_its_item_until_somebody_confirms(city, huang):
    from pathlib import Path

    raw = (Path(__file__).parent / "texts/sample/sample_directive.txt").read_text(encoding="utf-8")
    directive = enter(huang, raw)
    item = directive.items.get(broken=True)
    posts = list(Post.objects.filter(organisation__name="漳州市水利局"))[:1]
    refused("item.broken", assign, item, huang, posts)
    texts.repair(directive=directive, start=276, text="氣管道和山塘堤防排水設", by=huang)
    item.refresh_from_db()
    assert "氣管道和山塘堤防排水設施的巡查" in item.what
    assert directive.text == raw
    assert assign(item, huang, posts)


def test_a_sentence_for_both_headquarters_is_split_and_ends_in_one_letter(city, huang):
    directive = enter(huang, "两个指挥部要加强值班值守，做好转移群众的核酸检测。\n")
    halves = list(directive.items.all())
    assert {half.headquarters for half in halves} == {"flood", "epidemic"}
    post = Post.objects.get(organisation__name="漳州市水利局", role="responder")
    for half in halves:
        assign(half, huang, [post], in_spite="两部各办")
    letter = closure_letter(directive)
    assert "防汛" in letter
    assert "疫情" in letter or "防疫" in letter


def test_a_text_withdrawn_ends_its_items_and_tells_their_owners(directive, huang):
    (item,) = assign(asked(directive), huang)
    texts.withdraw_directive(directive=directive, reason="误发", by=huang)
    item.refresh_from_db()
    assert item.state == "withdrawn"
    follow.tell_over(Event.objects.get(kind="item.withdrawn"))
    assert any("已撤回" in text for _, text in told_of(item))
    assert not directive.items.filter(state="proposed").exists()


def test_an_owner_that_no_longer_exists_is_not_proposed(directive, guan):
    from fangxian.spine.registry.waves import merge_organisation

    old = Organisation.objects.get(name="漳州市水利局")
    into = Organisation.objects.get(name="漳州市市场监管局")
    merge_organisation(old=old, into=into, by=guan, reason="机构改革")
    assert owners_for(asked(directive), city()) == []


def test_sent_back_and_reopened_items_go_on(directive, huang, lin, now):
    (item,) = assign(asked(directive), huang)
    play(item, now)
    do.send_item_back(item=item, reason="缺照片", by=lin)
    assert item.state == "in_progress"
    do.report_item(item=item, proof="补照片", by=seat_at(item.post))
    do.verify_item(item=item, by=lin)
    do.close_item(item=item, by=lin)
    do.reopen_item(item=item, reason="又出险", deadline_at=clock.now() + 24 * H, by=huang)
    assert (item.state, item.closed_at) == ("in_progress", None)


def test_a_text_without_any_requirement_and_one_with_three_hundred(city, huang):
    none = enter(huang, "今天天气晴好。\n大家都来了。\n")
    assert set(none.items.values_list("kind", flat=True)) == {"telling"}
    many = "".join(
        f"{k}.第{k}号山塘责任人要于9月{15 + k % 15}日18时前完成第{k}次检查。\n" for k in range(300)
    )
    directive = enter(huang, many)
    assert directive.items.filter(kind="requirement").count() == 300


def test_figures_are_by_department_and_never_of_people(directive, huang, lin, now):
    (item,) = assign(asked(directive), huang)
    play(item, now)
    do.verify_item(item=item, by=lin)
    do.close_item(item=item, by=lin)
    (row,) = by_department(seat=huang, since=START - H, until=now.at + H)
    assert (row.name, row.items, row.closed, row.closed_in_time) == ("漳州市水利局", 1, 1, 1)


def test_the_pages_of_a_directive(directive, huang, client, as_lin):
    page = as_lin.get(f"/directives/{directive.pk}").content.decode()
    assert "完成水库巡查" in page
    item = asked(directive)
    post = owners_for(item, city())[0]
    sent = {
        "post": post.pk,
        "deadline": "2016-09-15T10:00",
        "measure": "全部完成",
        "what": item.what,
    }
    assert as_lin.post(f"/items/{item.pk}/assign", sent).status_code == 302
    item.refresh_from_db()
    assert item.state == "assigned"
    for address in ("/directives", f"/items/{item.pk}", f"/directives/{directive.pk}/letter"):
        assert as_lin.get(address).status_code == 200
    assert as_lin.post(f"/directives/{directive.pk}/drop", {}).status_code == 302


def test_items_that_want_a_report_every_two_hours_are_gaps_when_silent(huang, now):
    directive = enter(huang, "市水利局每2小时上报一次水库水位。\n")
    item = directive.items.get()
    assert item.repeats == "PT2H"
    assign(item, huang, owners_for(item, city()))
    now.at += 2.5 * H
    assert list(cover.silent(now.at)) == []
    now.at += H
    assert len(list(cover.silent(now.at))) == 1
