"""Sentences for the screen: what a signal, an order or a gap says in the reader's language."""

from datetime import datetime

from django.utils.translation import get_language, gettext, ngettext

from fangxian.spine.assess.models import Signal
from fangxian.spine.command.models import Order, Plea
from fangxian.spine.command.rosters.models import ROLES
from fangxian.spine.core import clock, hazards
from fangxian.spine.core.editions import edition
from fangxian.spine.core.levels import Level
from fangxian.spine.core.words import event_words
from fangxian.spine.cover.engine import by_code
from fangxian.spine.cover.models import Gap
from fangxian.wiring import COVER

from .roman import called, roman
from .roman import zh as zh


def language() -> str:
    return get_language() or "zh"


def hazard_name(hazard: str) -> str:
    return hazards.hazard_name(hazard, language())


def family_name(family: str) -> str:
    return hazards.family_name(family, language())


def mark_name(mark: str) -> str:
    names = edition("river_marks", clock.now()).content["mark"].get(mark, {})
    return str(names.get("zh" if zh() else "en", mark))


def level_word(level: Level) -> str:
    return level.colour_zh if zh() else level.colour_en


def signal_title(signal: Signal) -> str:
    """Who, value, by how much."""
    told = signal.evidence
    if signal.family.startswith("warning-"):
        name = family_name(signal.family)
        return f"{name} {level_word(signal.at_level)} {signal.at_level.numeral}"
    name = called(signal.about_name)
    if told.get("zh"):
        return f"{name} {told['zh' if zh() else 'en']}"
    value = signal.value or 0
    if told.get("mark"):
        rate = told.get("rate_per_h") or 0
        arrow = "↑" if rate > 0.005 else "↓" if rate < -0.005 else "→"
        over = gettext("超%(mark)s %(over)+.2f m") % {
            "mark": mark_name(told["mark"]),
            "over": value - told["threshold"],
        }
        return (
            f"{name} {value:.2f} m，{over} {arrow}"
            if zh()
            else f"{name} {value:.2f} m, {over} {arrow}"
        )
    reach = gettext("%(h)g 小时 %(v).1f mm，达 %(t)g mm") % {
        "h": told.get("window_h", 0),
        "v": told.get("value", value),
        "t": told.get("threshold") or 0,
    }
    return f"{name} {reach}"


def signal_link(signal: Signal) -> str:
    """The page of a signal, or of the thing it is about; "" where there is none."""
    if signal.about_kind == "station":
        return f"/stations/{signal.about_key}"
    row = hazards.hazards().get(signal.hazard)
    return f"/epidemic/signals/{signal.pk}" if row and row.headquarters == "epidemic" else ""


def trend(signal: Signal) -> str:
    """How it moves, in words; "" for what does not."""
    rate = signal.evidence.get("rate_per_h")
    if signal.family.startswith("warning-"):
        return gettext("气象预警")
    if rate is None:
        told = signal.evidence
        if told.get("window_h"):
            return gettext("%(h)g 小时窗口") % {"h": told["window_h"]}
        return gettext("趋势未知") if signal.about_kind == "station" else ""
    if abs(rate) <= 0.005:
        return gettext("平稳")
    word = gettext("上涨") if rate > 0 else gettext("回落")
    return f"{word} {abs(rate):.2f} m/h"


def plea_kind(plea: Plea) -> str:
    names = {
        "help": gettext("要增援"),
        "cannot": gettext("办不了"),
        "refused": gettext("拒收"),
        "unclear": gettext("回复不明"),
    }
    return names.get(plea.kind, plea.kind)


def action_name(action: str) -> str:
    names = {"准备转移": gettext("准备转移"), "立即转移": gettext("立即转移")}
    return names.get(action, action)


def signal_why(signal: Signal) -> str:
    """Age, rate, rule and version: the second line."""
    told = signal.evidence
    parts = [age(signal.observed_at)]
    if told.get("rate_per_h"):
        parts.append(gettext("每小时 %(rate)+.2f m") % {"rate": told["rate_per_h"]})
    if told.get("wanted") and told["present"] < told["wanted"]:
        parts.append(gettext("缺测 %(n)d 段，为下限") % {"n": told["wanted"] - told["present"]})
    if told.get("action"):
        parts.append(action_name(told["action"]))
    parts.append(gettext("依据 %(rule)s") % {"rule": signal.rule or family_name(signal.family)})
    if told.get("modelled"):
        parts.append(gettext("模拟值"))
    return " · ".join(parts)


def age(at: datetime | None) -> str:
    """How long ago, in the largest sensible unit."""
    if at is None:
        return "—"
    seconds = int((clock.now() - at).total_seconds())
    if seconds < 0:
        return gettext("%(t)s 后") % {"t": span(-seconds)}
    if seconds < 60:
        return gettext("刚刚")
    return gettext("%(t)s前") % {"t": span(seconds)}


def span(seconds: int) -> str:
    if seconds < 3600:
        return ngettext("%(n)d 分钟", "%(n)d 分钟", seconds // 60) % {"n": seconds // 60}
    if seconds < 172800:
        n = seconds // 3600
        return ngettext("%(n)d 小时", "%(n)d 小时", n) % {"n": n}
    n = seconds // 86400
    return ngettext("%(n)d 天", "%(n)d 天", n) % {"n": n}


def order_what(order: Order) -> str:
    if zh() or not order.verb_en:
        return f"{order.verb}{order.object}"
    return f"{order.verb_en}: {order.object_en}"


def failed_side(side: str) -> str:
    """On whose side a message failed."""
    names = {
        "us": gettext("本机"),
        "channel": gettext("通道"),
        "phone": gettext("对方"),
    }
    return names.get(side, side)


def channel_name(channel: str) -> str:
    names = {
        "app": gettext("页面"),
        "sms": gettext("短信"),
        "voice": gettext("语音"),
        "mail": gettext("邮件"),
    }
    return names.get(channel, channel)


def roster_role(role: str) -> str:
    found = ROLES.get(role, (role, role))
    return found[0] if zh() else found[1]


def order_state(state: str) -> str:
    names = {
        "issued": gettext("已下达"),
        "delivered": gettext("已送达"),
        "acknowledged": gettext("已签收"),
        "refused": gettext("拒收"),
        "in_progress": gettext("进行中"),
        "reported": gettext("已报完成"),
        "verified": gettext("已核验"),
        "closed": gettext("已关闭"),
        "withdrawn": gettext("已撤销"),
    }
    return names.get(state, state)


def role_name(role: str) -> str:
    names = {
        "A": gettext("属地A岗"),
        "B": gettext("属地B岗"),
        "department": gettext("部门监管"),
        "technical": gettext("技术责任人"),
        "patrol": gettext("巡查责任人"),
    }
    return names.get(role, role)


def gap_text(gap: Gap) -> str:
    rule = by_code(COVER).get(gap.rule)
    if rule is None:
        return called(gap)
    told = rule.sentence(gap, language())
    return told if zh() else roman(told)


def gap_rule_name(code: str) -> str:
    rule = by_code(COVER).get(code)
    if rule is None:
        return code
    return rule.name_zh if zh() else rule.name_en


def event_text(kind: str) -> str:
    """A line of the timeline."""
    return event_words(kind, language())
