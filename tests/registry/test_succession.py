"""A change of office as one act; heads called as their places have it."""

from datetime import timedelta

import pytest
from story import START

from fangxian.spine.core.problems import Problem
from fangxian.spine.registry import write
from fangxian.spine.registry.models import Post
from fangxian.spine.registry.prove import prove
from fangxian.spine.registry.read import holder
from fangxian.spine.registry.titles import head_of


def test_a_change_of_office_is_one_act_also_for_a_day_to_come(guan, now):
    post = Post.objects.get(terms__person__name="陈")
    person = write.add_person(name="新", phone="13800001234", by=guan)
    at = START + timedelta(days=30)
    write.succeed(post=post, person=person, at=at, by=guan)
    assert (holder(post).name, holder(post, at).name) == ("陈", "新")
    assert prove(since=START, until=at + timedelta(days=9), planned=True).gaps == []
    with pytest.raises(Problem) as refused:
        write.succeed(post=post, person=person, at=START + timedelta(days=20), by=guan)
    assert refused.value.code == "term.overlap"


@pytest.mark.parametrize(
    ("name", "title"),
    [("和溪镇", "镇长"), ("景山街道", "街道办主任"), ("前楼乡", "乡长"), ("长山农场", "场长")],
)
def test_a_head_is_called_as_his_place_has_it(name, title):
    assert head_of(name)[0] == title
