"""Broken runs: found where they are and nowhere else; repaired by what made them."""

import json
from pathlib import Path

import pytest

from fangxian.spine.command.directives.reading.broken import (
    Span,
    damage,
    find_broken,
    jieba_words,
    repair_candidates,
)
from fangxian.spine.command.directives.reading.gbk import codes, without_glosses

DIRECTIVES = Path(__file__).parent / "texts" / "sample"
SAMPLE = (DIRECTIVES / "sample_directive.txt").read_text(encoding="utf-8")
EXPECTED = json.loads((DIRECTIVES / "sample_directive.expected.json").read_text(encoding="utf-8"))
SUSPECT = EXPECTED["suspect_spans"][0]

CLEAN = """\
各縣(區)、各有關單位要逐級核對防汛責任人名單。
各县(区)、各有关单位要逐级核对防汛责任人名单。
各縣(區(qū))要報(bào)值班專線(xiàn)(tel)。
各縣(區(qū)、市)要加強(qiáng)巡查。
撤離情況報值班專線(tel: 0592-2345678)。
请拨打(0592)2345678或12345，是否需要转移?
這樣做行嗎?(請回覆)
您准备好了吗?Yes)或者No)请选一个。
“細”字怎麼讀(是xì還是sì?xì)請老師確認。
拼音练习:1)妈mā 2)细xì 3)是吗?
a)去哪里?b)去学校?c)回家
選項:甲)好嗎?乙)不好
医院对A类传染病实行隔离管理。
甲型流感A型与B型毒株均有检出。
孕妇应到医院做B超检查。
要加快5G网络和4G基站抢修。
對A類風險點逐一排查,對B類每週抽查。
门诊做CT检查后送ICU病房。
使用N95口罩和84消毒液。
维生素C片和维C银翘片要分开存放。
沿海T恤厂房有人员滞留。
卡拉O K廳、棋牌室一律停業。
阿Q正传读书会取消。
陈家坳村X光室停用。
厝仔塭仔尾社寮仔頂K線圖公布。
洪坑畲族乡垵炉村A区和B区居民已撤离。
谢蓝冯坂尾坪畬坞寮坑M号楼群众已转移。
欧阳璟琇、诸葛赟喆、慕容翀昊A组值守。
圳上圩埔垟埕墩埗B栋停电。
G324國道K12+300處塌方。
请登录https://example.org/a?id=3)查看
?xi)未知来源的片段不应误判
What's next? (see page 3) 下一步怎么办?
是不是應該撤離?ok)大家都同意了。
6月8日10時前全部撤離上岸,?號船除外。
燃气管道和山塘堤防排水设施的巡查
燃氣管道和山塘堤防排水設施的巡查
价格为10€，折合人民币80元。
气温37.5℃；风力8级；雨量≥50mm？
会议问：“准备好了没有？”答：“好了！”
电话：138****1234（微信同号）
表1 A|B|C
ㄅㄆㄇ注音與pinyin拼音對照(hàn yǔ)。
これは日本語A文です。
😀请注意安全A楼😀
""".splitlines()


@pytest.mark.parametrize("text", CLEAN)
def test_clean_text_has_no_broken_run(text: str) -> None:
    assert find_broken(text) == []


def test_clean_sentences_in_one_text_have_no_broken_run() -> None:
    assert find_broken("\n".join(CLEAN)) == []


def test_the_run_of_the_sample_is_the_only_one() -> None:
    start, end = SUSPECT["span"]
    assert find_broken(SAMPLE) == [Span(start, end, SUSPECT["orphan_reading"])]


def test_the_run_is_found_when_glosses_are_gone() -> None:
    text = EXPECTED["text_clean"]
    (span,) = find_broken(text)
    assert text[span.start : span.end] == SUSPECT["raw"]


@pytest.mark.parametrize("text", [SAMPLE, EXPECTED["text_clean"]])
def test_the_truth_of_the_sample_is_offered_with_its_accident(text: str) -> None:
    offered = repair_candidates(text, find_broken(text)[0], words=jieba_words())
    (truth,) = [each for each in offered if each.text == SUSPECT["truth_traditional"]]
    assert len(offered) == 5
    assert truth.misread == SUSPECT["misread_character"]
    assert truth.lost_lead.hex() == SUSPECT["lost_lead_byte"]
    assert [pair.hex() for pair in truth.dropped] == SUSPECT["dropped_pairs"]


def test_every_candidate_damages_back_to_the_raw_text() -> None:
    for each in repair_candidates(SAMPLE, find_broken(SAMPLE)[0], words=jieba_words()):
        damaged = damage("燃" + each.text + "施", {each.misread: each.reading})
        assert damaged == "燃" + SUSPECT["raw"] + "施"


def test_the_sample_without_glosses_is_its_clean_text() -> None:
    assert without_glosses(SAMPLE)[0] == EXPECTED["text_clean"]


def test_damage_makes_the_run_of_the_sample() -> None:
    assert damage("燃氣管道和山塘堤防排水設施", {"細": "xì"}) == f"燃{SUSPECT['raw']}施"


def test_damage_glosses_whole_characters_without_harm() -> None:
    assert damage("要加強巡查", {"強": "qiáng"}) == "要加強(qiáng)巡查"


def test_damage_refuses_what_gbk_cannot_write() -> None:
    with pytest.raises(UnicodeEncodeError):
        damage("😀", {})


def test_a_comma_swallowed_by_the_run_is_offered_back() -> None:
    text = damage("早發現、早處置,指導養老機構", {"幹": "gàn"})
    (span,) = find_broken(text)
    assert text[span.start : span.end] == "?gàn)?"
    assert repair_candidates(text, span, words=jieba_words())[0].text == "置,"


def test_a_gloss_left_over_at_the_end_belongs_to_the_run() -> None:
    text = damage("要嚴格執行調度指令", {"駡": "mà", "調": "diào"})
    (span,) = find_broken(text)
    assert text[span.start : span.end] == "?mà)绦姓{(diào)"
    assert repair_candidates(text, span, words=jieba_words())[0].text == "執行調"


def test_a_run_cut_short_by_the_next_gloss_ends_with_it() -> None:
    text = damage("要嚴格執行調度指令", {"執": "zhí", "駡": "mà"})
    (span,) = find_broken(text)
    assert text[span.start : span.end] == "?mà)?zhí)"
    assert repair_candidates(text, span, words=jieba_words())[0].text == "執"


def test_a_run_without_its_orphan_is_marked_but_not_guessed() -> None:
    text = "对燃夤艿篮蜕教恋谭琅潘O施的巡查"
    (span,) = find_broken(text)
    assert text[span.end - 1] == "O"
    assert repair_candidates(text, span, words=jieba_words()) == []


def test_two_runs_are_two_spans() -> None:
    once = damage("燃氣管道和山塘堤防排水設施的巡查。\n", {"細": "xì"})
    first, second = find_broken(once + once)
    assert second.start - first.start == len(once)


def test_a_run_that_begins_in_the_last_character_of_another_is_marked_too() -> None:
    text = damage("在火車站、汽車站加強巡查，接到投訴當天辦結", {"囌": "sū", "車": "chē"})
    assert [span.reading for span in find_broken(text)] == ["sū", "sū"]


def test_a_span_at_the_end_of_the_text_is_closed() -> None:
    assert find_broken("燃?xì)夤艿") == [Span(1, 7, "xì")]


def test_gbk_assigns_what_the_sheet_counted() -> None:
    assert len(codes()) == 23_940 - 2_149


def test_spans_come_in_the_order_of_the_text() -> None:
    text = "对燃夤艿篮蜕教恋谭琅潘O施的巡查。\n" + EXPECTED["text_clean"]
    letter, orphan = find_broken(text)
    assert letter.end < orphan.start
