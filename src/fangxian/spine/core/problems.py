"""The catalogue of problems: what can be refused, why, and what to do. Rendering is in surfaces."""

from collections.abc import Mapping
from typing import Any

from .problems_of_command import OF_COMMAND
from .problems_of_files import OF_FILES

# code: (HTTP status, zh, en). Fields stand in braces.
CATALOGUE: dict[str, tuple[int, str, str]] = {
    **OF_FILES,
    **OF_COMMAND,
    "rights.denied": (
        403,
        "{seat} 无权做“{right}”。请由有权的岗位办理。",
        "{seat} may not do “{right}”. Ask a post that has this right.",
    ),
    "rights.no_seat": (
        403,
        "账号没有在任岗位,不能办理。请管理员登记任期。",
        "This account holds no post now. Ask the administrator to enter a term.",
    ),
    "archive.no_parquet": (
        503,
        "较早的读数在归档文件里，读写它们需要安装 fangxian[growth]（polars）。",
        "Older readings lie in archived files; what reads and writes them comes with "
        "fangxian[growth] (polars).",
    ),
    "not_found": (404, "没有找到:{what}。", "Not found: {what}."),
    "input.invalid": (422, "{field}:{why}", "{field}: {why}"),
    "order.same_open": (
        409,
        "同一任务已另有一件在办：{what}。",
        "The same task is open already: {what}.",
    ),
    "team.away": (
        409,
        "{team} 已派往 {place}，尚未归队；一支队伍不能派两处。",
        "{team} is out at {place} and not back; it cannot be in two places.",
    ),
    "stock.goods": (
        422,
        "没有物资品种“{goods}”；有 {known}。",
        "There are no goods {goods!r}; there are {known}.",
    ),
    "stock.other_expiry": (
        409,
        "批次 {lot} 已登记有效期 {there}，与这次不同；请另编批次号。",
        "Lot {lot} is on record with the day {there}; give this one another number.",
    ),
    "stock.short": (
        409,
        "{site} 的{goods_zh}可用只有 {there}（另有 {old} 已过期，不能发），没有出库。",
        "{site} has {there} of {goods_en} fit for use ({old} more expired); nothing went out.",
    ),
    "shelter.taken": (
        409,
        "{shelter} 已由{headquarters}开作{use}；请换一处，或由共同上级决定。",
        "{headquarters} has opened {shelter} ({use}); take another, or let somebody above decide.",
    ),
    "shelter.no_room": (
        409,
        "{shelter} 没有“{use}”的容量。",
        "{shelter} has no places for this use ({use}).",
    ),
    "shelter.floods": (
        409,
        "{shelter} 登记为自身会淹；要开请写理由。",
        "{shelter} is on record as flooding itself; to open it give a reason.",
    ),
    "shelter.full": (
        409,
        "{shelter} 容量 {room}，已住 {taken}，再来 {wanted} 人住不下。",
        "{shelter} holds {room}, {taken} are in; {wanted} more do not fit.",
    ),
    "shelter.tag": (
        422,
        "标签 {tag} 不在名册；没有标签的请另编号并写人数。",
        "Tag {tag} is on no list; give who has none a number of your own and say how many.",
    ),
    "shelter.closed": (409, "{shelter} 没有开放。", "{shelter} is not open."),
    "shelter.people_in": (
        409,
        "{shelter} 还有 {n} 人没有离开，不能关闭。",
        "{n} people are still in {shelter}; it cannot be closed.",
    ),
    "drill.folder": (
        409,
        "实战演练不能在正式目录里开始：先运行 fangxian drill open {drill} --into 目录。",
        "A live drill does not begin in a real folder: run fangxian drill open {drill} --into DIR.",
    ),
    "drill.result": (
        422,
        "演练结果没有带回：{why}。请在演练目录里结束演练，再取结果文件。",
        "The result was not brought back: {why}. End the drill in its folder and take the result.",
    ),
    "drill.headquarters": (
        422,
        "{plan}不是{headquarters}的预案，请选它自己的指挥部。",
        "The plan {plan} is not {headquarters}'s: choose its own headquarters.",
    ),
    "drill.empty": (
        409,
        "{drill} 一条注入也没有给过，不能算演练过；不办了请中止。",
        "No inject of {drill} was given, so it was no drill; break it off instead.",
    ),
    "stock.receipt": (
        409,
        "单据 {receipt} 已用于另一数量（{there}）；请核对单据号。",
        "Receipt {receipt} has moved another quantity ({there}); check its number.",
    ),
    "drill.script": (422, "演练脚本第 {line} 行：{why}", "Script, line {line}: {why}"),
    "finding.five": (
        422,
        "五落实还缺：{zh}。",
        "Still missing of the five: {en}.",
    ),
    "shift.no_successor": (
        409,
        "还有 {n} 项未了，须指明接班人，由其签字接收。",
        "{n} things still stand: name the successor, who signs for them.",
    ),
    "proof.empty": (
        409,
        "没有登记任何责任，无从证明。先在业务台账登记责任。",
        "There is no duty on record, so nothing can be proven. Enter duties first.",
    ),
    "proof.window": (422, "起应早于止。", "It must begin before it ends."),
    "proof.future": (
        409,
        "只能证明到现在（{now}）；以后的日子加 --planned，按现任不变推定。",
        "Only what has passed ({now}) can be proven; for later days ask with --planned.",
    ),
    "reading.unlikely": (
        409,
        "原值 {old}，新值 {new}：{why}。确认无误请再提交一次并勾选“确认”。",
        "Old {old}, new {new}: {why}. If it is right, tick “sure” and send it again.",
    ),
    "folder.busy": (
        409,
        "{folder} 已有 {what} 在运行（进程 {process}）。一个数据目录只能有一个；请先停掉它。",
        "{folder} already has a {what} (process {process}). There can be only one.",
    ),
    "form.invalid": (422, "{file} 不能使用：{why}", "{file} cannot be used: {why}"),
    "form.version": (
        409,
        "表单 {form} 的版本 {version} 已有另一内容；请改版本号。",
        "Form {form} has a version {version} of other content; give it another version.",
    ),
    "form.unknown": (
        404,
        "没有装载表单 {form}（版本 {version}）；请管理员装载后重发，手机上的内容不会丢。",
        "Form {form} ({version}) is not loaded; ask the administrator, then send it again.",
    ),
    "report.unreadable": (422, "提交的内容读不了：{why}", "What was sent cannot be read: {why}"),
    "form.repeats": (
        422,
        "“{form}”有可重复填的一组，网页不能填：请用 ODK Collect，或上传表格",
        "“{form}” has a group that repeats and cannot be filled here: use ODK Collect or a table",
    ),
    "report.differs": (
        409,
        "{instance} 已收到过，内容与这次不同；更正请用“编辑已提交”。",
        "{instance} was received before with other content; a correction is an edit of its own.",
    ),
    "door.errors": (
        422,
        "表格有 {n} 处错误，未导入。改正后再传，或选择只导入无误的行。",
        "The table has {n} errors; nothing was taken. Mend them, or take the good rows only.",
    ),
    "door.unknown": (
        404,
        "没有这种表：{kind}。有：{known}。",
        "No table {kind}; there are {known}.",
    ),
    "door.changed": (
        409,
        "不能撤销：{n} 行在导入后又改过（如 {first}）。",
        "It cannot be undone: {n} rows were changed since (as {first}).",
    ),
    "admin.there": (
        409,
        "已有管理员在任（{who}）；其余账号由其在页面登记。",
        "There is an administrator in office ({who}), who enters the others on the pages.",
    ),
    "city.none": (
        409,
        "还没有登记市。请先导入区划表（fangxian import places 文件）。",
        "There is no city yet. Import the places first (fangxian import places FILE).",
    ),
    "door.in_use": (
        409,
        "{what} 已被引用（{by}），不能删除；请改为注明终止日期。",
        "{what} is in use ({by}) and cannot be removed; give it an end date instead.",
    ),
    "input.too_big": (
        413,
        "请求超过 {most} 字节，请分批发送。",
        "The request is larger than {most} bytes; send it in parts.",
    ),
    "input.reason_missing": (
        422,
        "请写明理由({field})。",
        "Please give a reason ({field}).",
    ),
    "state.changed": (
        409,
        "已被他人处理({what}),请刷新后再看。",
        "Somebody else changed it first ({what}). Reload and look again.",
    ),
    "idempotency.reused": (
        409,
        "同一幂等键的内容不同:{key}。",
        "The idempotency key {key} was used for other content.",
    ),
    "step.not_from": (
        409,
        "{what} 处于“{state}”，不能“{verb}”；可能已被他人处理，请刷新后再看。",
        "{what} is “{state}”; “{verb}” is not possible. Somebody else may have been first.",
    ),
    "step.second_person": (
        403,
        "{seat} 办理了上一步，这一步须由另一岗位办理。",
        "{seat} did the step before; another post must do this one.",
    ),
    "rules.invalid": (
        422,
        "规则“{set}”第 {line} 行:{why}",
        "Rules {set}, line {line}: {why}",
    ),
    "rules.same_text": (
        409,
        "规则“{set}”已有内容完全相同的版本。",
        "The rules {set} have an edition of exactly this text already.",
    ),
    "rules.none_in_force": (
        409,
        "{at} 没有生效的规则版本。",
        "No edition of these rules holds on {at}.",
    ),
    "hazard.unknown": (
        422,
        "没有这种灾种:{hazard}。已知:{known}。",
        "There is no hazard {hazard}; known are {known}.",
    ),
    "hazard.no_response": (
        422,
        "{hazard} 不启动应急响应。",
        "No response is run for {hazard}.",
    ),
    "headquarters.none": (
        409,
        "{place} 没有 {kind} 指挥部，请先登记单位。",
        "{place} has no headquarters for {kind}; enter the organisation first.",
    ),
    "term.no_successor": (
        409,
        "{post} 尚有 {n} 项责任,没有接任人不能离任。请指定接任人,或由上级代管并写明理由。",
        "{post} still answers for {n} duties and has no successor. Name one, or let the superior "
        "stand in with a reason.",
    ),
    "term.overlap": (
        409,
        "{post} 在该时段已有任期。",
        "{post} already has a term in that span.",
    ),
    "term.no_superior": (
        409,
        "{post} 没有上级岗位,不能代管。",
        "{post} has no superior post that could stand in.",
    ),
    "handover.unsigned": (
        409,
        "交接双方未都签字,责任仍在原任:{who}。",
        "Not both have signed; the old holder {who} stays responsible.",
    ),
    "signal.worse_exists": (
        409,
        "搁置中已升级,不能再搁置。",
        "It got worse while shelved and cannot be shelved again.",
    ),
    "response.in_force": (
        409,
        "{hazard} 的同级响应已在执行。",
        "A response of this level is already in force for {hazard}.",
    ),
    "response.document_missing": (
        422,
        "启动或调整响应必须有文号。",
        "A document number is needed to start or change a response.",
    ),
    "response.level_judgement": (
        422,
        "规则只能给出 {levels},请选定其一并写明研判理由。",
        "The rule can only say {levels}; choose one and say why.",
    ),
    "answer.expired": (
        410,
        "链接已过期或无效。请回电值班室。",
        "This link has expired or is not valid. Please call the duty room.",
    ),
    "reach.drill_blocks_channel": (
        409,
        "演练中不能使用真实通道:{channel}。",
        "A drill cannot reach a real channel: {channel}.",
    ),
    "import.too_many_columns": (
        422,
        "第 {line} 行有 {n} 列,表头有 {want} 列。",
        "Line {line} has {n} columns, the head has {want}.",
    ),
    "command.confirm": (422, "请先确认。", "Please confirm first."),
    "shift.red_unowned": (
        409,
        "还有 {n} 项红色无人负责,不能交班。",
        "{n} red items have no owner; the shift cannot end.",
    ),
    # files in, files out; 400 is a wrong call (exit 2), 422 a file that cannot be used (exit 1)
    "basin.unfit": (422, "流域文件:{zh}", "the basin file: {en}"),
    "numbers.refused": (400, "这些数值不可用:{why}", "{why}"),
    "call.wrong": (400, "{zh}", "{en}"),
}


def declare_problems(more: Mapping[str, tuple[int, str, str]]) -> None:
    """Refusals of a subject. Twice does no harm."""
    CATALOGUE.update(more)


class Problem(Exception):  # noqa: N818 - the word of the catalogue and of RFC 9457
    """A refusal with a stable code. ``fields`` fill the sentence and go out in the API."""

    def __init__(self, code: str, **fields: Any) -> None:
        self.code = code
        self.fields = fields
        self.status = CATALOGUE[code][0]
        super().__init__(self.text("zh"))

    def text(self, language: str) -> str:
        _, zh, en = CATALOGUE[self.code]
        return (zh if language.startswith("zh") else en).format(**self.fields)
