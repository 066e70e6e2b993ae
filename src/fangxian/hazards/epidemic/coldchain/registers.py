"""Registers of the cold chain: lots by gate, declarations, tubes, positives, staff (masked), held
stores, scans, jobs."""

from typing import Any

from fangxian.spine.core.registers import Column, Register, choices_of

from . import models as m
from . import read


def _words(kind: Any, english: dict[str, str]) -> dict[str, tuple[str, str]]:
    return {str(code): (str(zh), english[code]) for code, zh in kind.choices}


STATES = _words(
    m.Lot.State,
    {
        "announced": "announced",
        "appointed": "appointed",
        "papers": "papers complete",
        "unloaded": "unloaded",
        "sampled": "sampled",
        "cleared": "tested negative",
        "disinfected": "disinfected",
        "certified": "certified",
        "released": "released",
        "divided": "divided",
        "destroyed": "destroyed",
        "returned": "returned",
    },
)
STEPS = {
    "unloading": ("卸货", "unloaded"),
    "sampling": ("采样", "sampled"),
    "shipping": ("运出", "shipped"),
    "receiving": ("到货", "received"),
    "repackaging": ("分割换装", "repacked"),
    "creating_class_instance": ("加工", "processed"),
    "destroying": ("销毁", "destroyed"),
}
SEALS = {"": ("—", "—"), "sealed": ("已封存", "sealed")}
TUBES = _words(
    m.Sample.State,
    {
        "sampled": "waits for its result",
        "negative": "negative",
        "positive": "positive",
        "inconclusive": "inconclusive",
        "broken": "broken",
        "lost": "lost",
        "differ": "results differ",
    },
)
OF = _words(
    m.Sample.Of,
    {"lot": "goods", "packing": "packing", "environment": "surroundings", "staff": "staff"},
)
FINDINGS = _words(m.Positive.State, {"open": "open", "closed": "closed", "withdrawn": "withdrawn"})
HOW = _words(
    m.PositiveLot.How,
    {"itself": "itself", "batch": "same batch", "forward": "downstream", "back": "upstream"},
)
PEOPLE = _words(
    m.PositivePerson.State,
    {
        "named": "to be found",
        "found": "found",
        "tested": "sampled",
        "released": "let go",
        "case": "positive",
        "off": "withdrawn",
    },
)
PAPERS = _words(
    m.Paper.Kind,
    {
        "customs": "customs declaration",
        "quarantine": "quarantine certificate",
        "nucleic": "nucleic acid test",
        "disinfection": "disinfection certificate",
    },
)
WORKS = _words(
    m.LotLink.How,
    {"split": "split", "merge": "merged", "repack": "packed again", "process": "processed"},
)
MODES = _words(m.Job.Mode, {"rollback": "all or nothing", "proceed": "takes what is right"})
JOBS = _words(m.Job.State, {"running": "running", "done": "done", "failed": "not taken"})


def words_of(table: dict[str, tuple[str, str]], code: str) -> tuple[str, str]:
    return table.get(code, (code, code))


def lot_link(number: str) -> str:
    return f"/coldchain/lots/{number}"


LOTS = Register(
    "lots",
    "冷链批次",
    "Lots",
    "lot.read",
    lambda seat: read.lots(seat=seat),
    (
        Column(
            "number",
            "批次号",
            "Lot",
            lambda r: r.number,
            "number",
            link=lambda r: lot_link(r.number),
        ),
        Column("goods", "货物", "Goods", lambda r: r.goods, "goods"),
        Column("state", "关口", "Gate", lambda r: r.state, "state", words=STATES.__getitem__),
        Column("seal", "封存", "Sealed", lambda r: r.seal, "seal", words=SEALS.__getitem__),
        Column("site", "所在", "At", lambda r: r.site.name if r.site else "", "site__name"),
        Column("place", "属地", "Place", lambda r: r.place.name, "place__code"),
        Column("weight_kg", "公斤", "kg", lambda r: r.weight_kg, "weight_kg", "number"),
        Column("batch", "生产批号", "Batch", lambda r: r.batch, "batch"),
        Column("container", "柜号", "Container", lambda r: r.container, "container"),
        Column(
            "declaration",
            "报关单",
            "Declaration",
            lambda r: r.declaration.number if r.declaration else "",
        ),
        Column("state_at", "自", "Since", lambda r: r.state_at, "state_at", "time"),
        Column("epc", "GS1 编码", "GS1 code", lambda r: r.epc, page=False),
    ),
    order=("-state_at",),
    search=("number", "goods", "batch", "container", "site__name"),
    filters=(
        choices_of("state", "关口", "Gate", STATES),
        choices_of("seal", "封存", "Sealed", SEALS),
    ),
)
SAMPLES = Register(
    "cold_samples",
    "冷链样本",
    "Tubes of the cold chain",
    "lot.read",
    lambda seat: read.samples(seat=seat),
    (
        Column("number", "管号", "Tube", lambda r: r.number, "number"),
        Column("of", "样本", "Of", lambda r: r.of, "of", words=OF.__getitem__),
        Column("lot", "批次", "Lot", lambda r: r.lot.number if r.lot else ""),
        Column("site", "场所", "Site", lambda r: r.site.name if r.site else ""),
        Column(
            "person", "人员", "Person", lambda r: str(r.person) if r.person else "", clearance=1
        ),
        Column("state", "结果", "Result", lambda r: r.state, "state", words=TUBES.__getitem__),
        Column(
            "laboratory",
            "实验室",
            "Laboratory",
            lambda r: r.laboratory.name if r.laboratory else "",
        ),
        Column("sampled_at", "采样", "Sampled", lambda r: r.sampled_at, "sampled_at", "time"),
        Column("result_at", "结果时间", "Result at", lambda r: r.result_at, "result_at", "time"),
    ),
    order=("-sampled_at",),
    search=("number", "lot__number", "site__name"),
    filters=(choices_of("state", "结果", "Result", TUBES), choices_of("of", "样本", "Of", OF)),
)
DECLARATIONS = Register(
    "declarations",
    "冷链报关",
    "Declarations of customs",
    "lot.read",
    lambda seat: read.declarations(seat=seat),
    (
        Column("number", "报关单号", "Number", lambda r: r.number, "number"),
        Column("goods", "货物", "Goods", lambda r: r.goods, "goods"),
        Column("country", "原产国", "Country", lambda r: r.country, "country"),
        Column("lots", "批次数", "Lots", lambda r: r.lots, "lots", "number"),
        Column("weight_kg", "公斤", "kg", lambda r: r.weight_kg, "weight_kg", "number"),
        Column("place", "属地", "Place", lambda r: r.place.name, "place__code"),
        Column("declared_at", "申报", "Declared", lambda r: r.declared_at, "declared_at", "time"),
    ),
    order=("-declared_at",),
    search=("number", "goods", "importer"),
)
POSITIVES = Register(
    "cold_positives",
    "冷链阳性",
    "Positives of the cold chain",
    "lot.read",
    lambda seat: read.positives(seat=seat),
    (
        Column(
            "id", "编号", "No.", lambda r: r.pk, "pk", link=lambda r: f"/coldchain/positives/{r.pk}"
        ),
        Column("lot", "批次", "Lot", lambda r: r.lot.number if r.lot else ""),
        Column("sample", "管号", "Tube", lambda r: r.sample.number),
        Column("state", "状态", "State", lambda r: r.state, "state", words=FINDINGS.__getitem__),
        Column("place", "属地", "Place", lambda r: r.place.name, "place__code"),
        Column("at", "发现", "Found", lambda r: r.at, "at", "time"),
    ),
    order=("-at",),
    search=("lot__number", "sample__number"),
    filters=(choices_of("state", "状态", "State", FINDINGS),),
)
WORKERS = Register(
    "cold_workers",
    "冷链从业人员",
    "Cold-chain staff",
    "lot.read",
    lambda seat: read.workers(seat=seat),
    (
        Column("id", "编号", "No.", lambda r: r.pk, "pk"),
        Column("name", "姓名", "Name", lambda r: r.person.name_masked, clearance=1),
        Column("site", "场所", "Site", lambda r: r.site.name, "site__name"),
        Column("duty", "岗位类别", "Class", lambda r: r.duty, "duty"),
        Column("since", "上岗", "Since", lambda r: r.since, "since", "day"),
        Column("until", "离岗", "Until", lambda r: r.until, "until", "day"),
    ),
    order=("site__name", "pk"),
    search=("site__name",),
)
SCANS = Register(
    "cold_scans",
    "冷链扫码",
    "Scans of certificates",
    "lot.read",
    lambda seat: read.scans(seat=seat),
    (
        Column("at", "时间", "At", lambda r: r.at, "at", "time"),
        Column("site", "场所", "Site", lambda r: r.site.name if r.site else r.place.name),
        Column("lot", "批次", "Lot", lambda r: r.lot.number if r.lot else ""),
        Column("ok", "放行", "Good", lambda r: r.ok, "ok", "flag"),
        Column("why", "原因", "Why", lambda r: "；".join(r.why)),
        Column("settled_at", "处置", "Settled", lambda r: r.settled_at, "settled_at", "time"),
        Column("by", "扫码人", "By", lambda r: r.by),
    ),
    order=("-at",),
    search=("lot__number", "site__name"),
)
JOB_ROWS = Register(
    "goods_jobs",
    "EPCIS 文件",
    "Documents of EPCIS",
    "lot.read",
    lambda seat: read.jobs(seat=seat),
    (
        Column("id", "编号", "No.", lambda r: r.pk, "pk"),
        Column("name", "文件", "File", lambda r: r.name, "name"),
        Column("mode", "方式", "Mode", lambda r: r.mode, "mode", words=MODES.__getitem__),
        Column("state", "状态", "State", lambda r: r.state, "state", words=JOBS.__getitem__),
        Column("events", "事件", "Events", lambda r: r.events, "events", "number"),
        Column("taken", "收下", "Taken", lambda r: r.taken, "taken", "number"),
        Column("same", "已有", "Known", lambda r: r.same, "same", "number"),
        Column("refused", "不收", "Refused", lambda r: r.refused, "refused", "number"),
        Column("problems", "问题", "Problems", lambda r: r.problems, kind="json", page=False),
        Column("at", "时间", "At", lambda r: r.at, "at", "time"),
    ),
    order=("-at",),
    search=("name",),
)
LISTS = (LOTS, DECLARATIONS, SAMPLES, POSITIVES, WORKERS, SCANS, JOB_ROWS)
