"""What is said about a person's data where a plan cannot be sure: a sentence, where in the input,
and what to do. Nothing is guessed."""

from dataclasses import dataclass
from typing import Any

# code: (the plan stops here, zh, en, what to do zh, en)
SENTENCES: dict[str, tuple[bool, str, str, str, str]] = {
    "missing": (
        True,
        "缺少{what}",
        "{what} is missing",
        "补填后重算",
        "fill it in and plan again",
    ),
    "not_a_time": (
        True,
        "“{text}”不是日期或时刻",
        "“{text}” is no date and no time",
        "写成 2022-06-20 或 2022-06-20T13:00+08:00",
        "write 2022-06-20 or 2022-06-20T13:00+08:00",
    ),
    "no_zone": (
        True,
        "“{text}”没有写时区，国际航班的当地时刻可差一天",
        "“{text}” has no time zone; the local time of a flight may be another day",
        "写上时区，如 +08:00；只知道北京日期时只写日期",
        "add the zone, as +08:00; where only the day in Beijing is known write the day alone",
    ),
    "wrong_order": (
        True,
        "{early}（{early_on}）晚于{late}（{late_on}）",
        "{early} ({early_on}) is after {late} ({late_on})",
        "核对证件与行程后改正其中一个",
        "check the papers and correct one of them",
    ),
    "no_population": (
        True,
        "没有写人群，也没有暴露记录",
        "no population is named and no exposure",
        "写上人群：{known}",
        "name a population: {known}",
    ),
    "free": (
        False,
        "没有境外来历、没有风险地区停留、没有暴露：无需管控",
        "neither from abroad nor from a risk area nor exposed: no measures",
        "登记后放行；有新的停留或暴露会自动重算",
        "let him pass; a new stay or exposure is planned anew",
    ),
    "strange_population": (
        True,
        "没有人群“{text}”",
        "there is no population “{text}”",
        "可用：{known}",
        "there are: {known}",
    ),
    "strange_value": (
        True,
        "“{text}”不是{what}",
        "“{text}” is not {what}",
        "可用：{known}",
        "there are: {known}",
    ),
    "strange_shape": (
        True,
        "这里应是{what}",
        "{what} is wanted here",
        "格式见 docs/regime-files.md",
        "docs/regime-files.md says how it is written",
    ),
    "strange_authority": (
        True,
        "没有发布机关“{text}”",
        "there is no authority “{text}”",
        "可用：{known}",
        "there are: {known}",
    ),
    "no_level": (
        True,
        "居住地{area}没有写风险等级，也没有列入记录",
        "{area} has neither a level nor a listing",
        "用 fangxian risk match 与风险地区清单比对，或写上等级",
        "match it with the lists (fangxian risk match), or write its level",
    ),
    "no_book": (
        True,
        "{on}没有施行中的管控措施版本",
        "no rule book was in force on {on}",
        "在 /rules 录入该日有效的版本",
        "enter the edition of that day at /rules",
    ),
    "no_rule": (
        True,
        "{edition}没有针对{population}{level}的措施",
        "{edition} has no rule for {population} {level}",
        "核对等级与版本；确需管控时在 /rules 录入措施，不得自定",
        "check level and edition; where people must be managed enter the rule at /rules",
    ),
    "looked_back": (
        False,
        "离开{area}已 {days} 天，超过回溯期 {back} 天，不管控",
        "left {area} {days} days before; the look-back is {back}: not managed",
        "无需处理；日期有误时改正",
        "nothing; correct the date if it is wrong",
    ),
    "no_port": (
        False,
        "经海路入境，没有写口岸",
        "entered by sea, and no port is named",
        "问船舶代理或边检，补填口岸；入境时刻以离船时刻为准",
        "ask the ship's agent or the border police; entry is the moment of leaving the ship",
    ),
    "two_populations": (
        False,
        "同时属于{populations}，逐日取较严者",
        "belongs to {populations}: the stricter of each day is kept",
        "无需处理",
        "nothing",
    ),
    "two_lists": (
        False,
        "{area}在不同清单中等级不同：{levels}，逐日取较严者",
        "{area} has different levels on different lists ({levels}): the stricter is kept",
        "向清单发布机关核实",
        "ask the authorities of the lists",
    ),
    "listed_after": (
        False,
        "{area}在离开（{left}）之后才列入（{listed}），按回溯期仍管控",
        "{area} was listed ({listed}) after he left ({left}); by the look-back he is managed",
        "无需处理",
        "nothing",
    ),
    "not_listed_then": (
        False,
        "停留期与回溯期内{area}不在清单上（{listed}起列入），不管控",
        "{area} was on no list within stay and look-back (listed from {listed}): not managed",
        "无需处理；日期有误时改正",
        "nothing; correct the date if it is wrong",
    ),
    "exclusion": (
        False,
        "清单写明除外：“{text}”；尚未核实，按在内处理",
        "the list excludes “{text}”; not yet checked, taken as inside",
        "核对住址后填 excluded = true 或 false",
        "check the address and say excluded = true or false",
    ),
    "excluded": (
        False,
        "住址在除外范围内（“{text}”），不管控",
        "the address is in the excluded part (“{text}”): not managed",
        "无需处理",
        "nothing",
    ),
    "unconfirmed": (
        False,
        "{where}管控的 {days} 天未经对方确认，不计入",
        "{days} days served at {where} are not confirmed and do not count",
        "发协查函；确认后重算",
        "send a letter of assistance; plan again when it is confirmed",
    ),
    "over": (
        False,
        "找到时（{known}）管控期已满（{end}）",
        "the regime was over ({end}) when he was found ({known})",
        "核对找到日期；按措施补做检测",
        "check the day; make the tests that the rule asks for",
    ),
    "raised": (
        False,
        "密接者已转为病例或阳性，次密接升为{population}",
        "the contact became a case: raised to {population}",
        "通知属地改为相应措施",
        "tell the town to change the measures",
    ),
    "lowered": (
        False,
        "源头病例已排除（{on}），自该日解除",
        "the index was excluded ({on}): released from that day",
        "通知本人与属地",
        "tell him and the town",
    ),
    "midnight": (
        False,
        "停留跨过零点，离开日按北京时间为 {on}",
        "the stay passed midnight; it was left on {on} by Beijing time",
        "无需处理",
        "nothing",
    ),
    "ended": (
        False,
        "新版本 {edition} 没有此项措施，{on} 起解除",
        "the new edition {edition} has no such rule: released on {on}",
        "通知本人与属地",
        "tell him and the town",
    ),
    "positive": (
        False,
        "{on} 检测阳性",
        "a test was positive on {on}",
        "转为病例，停止按期解除",
        "he is a case: the plan's release does not hold",
    ),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence: its code, where in the input, and what it speaks of. A field whose name ends in
    ``_zh`` or ``_en`` is used for that language."""

    code: str
    path: str
    fields: dict[str, Any]

    @property
    def stops(self) -> bool:
        return SENTENCES[self.code][0]

    def text(self, language: str) -> str:
        return self._filled(1 if language.startswith("zh") else 2, language)

    def to_do(self, language: str) -> str:
        return self._filled(3 if language.startswith("zh") else 4, language)

    def _filled(self, which: int, language: str) -> str:
        own = "_zh" if language.startswith("zh") else "_en"
        told = {name.removesuffix(own): value for name, value in self.fields.items()}
        return str(SENTENCES[self.code][which]).format(**told)

    def as_json(self, *, stops: bool) -> dict[str, Any]:
        return {
            "code": self.code,
            "path": self.path,
            "stops": stops,
            "zh": self.text("zh"),
            "en": self.text("en"),
            "do_zh": self.to_do("zh"),
            "do_en": self.to_do("en"),
        }
