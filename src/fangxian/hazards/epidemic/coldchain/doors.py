"""The doors of the cold chain: declarations of customs, lots by notice, staff, counts of stock,
what laboratories can do."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.canon import day, short, to_day
from fangxian.spine.core.door import Change, Door, Field, Key, Row, Wrong, remove
from fangxian.spine.core.door_rows import Col, number_col, rows_door
from fangxian.spine.core.rights import Seat
from fangxian.spine.people.door_fields import SEALED, judge_person
from fangxian.spine.people.matching import Record
from fangxian.spine.registry.doors.cols import (
    day_col,
    flag_col,
    moment_col,
    place_col,
    short_col,
    site_col,
    site_of,
    site_text,
    site_texts,
)
from fangxian.spine.registry.doors.look import Look, choice_field

from .models import Capacity, Declaration, Lot, StockCount, Worker
from .rules import staff_classes
from .write.lots import Notice, announce
from .write.workers import end_work, enter_workers, set_duty

STORES = ("cold_store", "market", "port", "warehouse")
SOURCE = short_col("source", "资料来源", "Source", 200)


def _containers() -> Col:
    def put(row: Any, text: str, look: Any) -> None:
        row.containers = [part for part in text.replace("，", "、").split("、") if part]

    field = Field("containers", "柜号", "Containers", short(300), hint_zh="几个用、隔开")
    return Col(field, lambda row: "、".join(row.containers), put)


class ColdLook(Look):
    """Beside the registry, declarations by number."""

    def __init__(self) -> None:
        super().__init__()
        self.declared = {one.number: one for one in Declaration.objects.select_related("place")}


def _path(row: Row, look: Look) -> str:
    return look.place(row["place"]).path


DECLARATIONS = rows_door(
    code="declarations",
    zh="冷链报关",
    en="Customs declarations",
    rows=lambda: Declaration.objects.select_related("place__parent"),
    new=Declaration,
    cols=(
        short_col("number", "报关单号", "Declaration", 40, needed=True),
        short_col("goods", "货物", "Goods", 60, needed=True, example="冻南美白虾"),
        short_col("country", "原产国", "Country", 40),
        short_col("importer", "进口商", "Importer", 80),
        number_col("lots", "批次数", "Lots", low=1, high=100_000, whole=True, needed=True),
        number_col("weight_kg", "重量（公斤）", "Weight (kg)", low=0.001, needed=True),
        _containers(),
        place_col(),
        moment_col("declared_at", "申报时间", "Declared", needed=True),
        SOURCE,
    ),
    key=("number",),
    look=Look,
    scope=_path,
    right="lot.enter",
    reads="lot.read",
    hint_zh="每份报关单一行。到货批次少了、轻了，列为缺口。",
    hint_en="A row a declaration. Lots or weight that do not come are a gap.",
)


def _declaration_col() -> Col:
    def known(look: Any) -> dict[str, str]:
        return {number: number for number in look.declared}

    def put(row: Any, text: str, look: Any) -> None:
        row.declaration = look.declared.get(text)

    field = Field("declaration", "报关单号", "Declaration", known=known, hint_zh="国产货留空")
    return Col(field, lambda row: row.declaration.number if row.declaration else "", put)


def _judge_lot(row: Row, before: Row | None, look: ColdLook) -> Iterable[Wrong]:
    if before is None and row["imported"] == "是" and not (row["expected_at"] or row["cleared_at"]):
        yield "expected_at", "进口货要写预计到达或清关时间", "when it comes, or was cleared"


_LOT_COLS = (
    short_col("number", "批次号", "Lot", 40, needed=True, example="L2026-001"),
    _declaration_col(),
    short_col("goods", "货物", "Goods", 60, needed=True, example="冻南美白虾"),
    short_col("country", "原产国", "Country", 40),
    short_col("maker", "生产厂注册号", "Maker", 60),
    short_col("batch", "生产批号", "Batch", 40, hint_zh="同厂同批号阳性时一起封存"),
    short_col("container", "柜号", "Container", 20),
    number_col("packages", "件数", "Packages", low=1, whole=True, needed=True),
    number_col("weight_kg", "重量（公斤）", "Weight (kg)", low=0.001, needed=True),
    place_col(),
    site_col("site", "去往", "To", *STORES),
    flag_col("imported", "进口", "Imported"),
    moment_col("expected_at", "预计到达", "Expected"),
    moment_col("cleared_at", "清关时间", "Cleared"),
    day_col("entered_on", "入境日期", "Entered on"),
    short_col("epc", "GS1 编码", "GS1 code", 120, hint_zh="没有就留空"),
)
_LOTS = rows_door(
    code="lots",
    zh="冷链批次预报",
    en="Notices of lots",
    rows=lambda: Lot.objects.filter(sources=None).select_related(
        "place__parent", "site__place", "declaration"
    ),
    new=Lot,
    cols=_LOT_COLS,
    key=("number",),
    look=ColdLook,
    scope=_path,
    judge=_judge_lot,
    right="lot.enter",
    reads="lot.read",
    hint_zh="每批一行，导入即预报。之后在批次页办理各关。",
    hint_en="A row a lot: importing it is its notice. Its gates are passed on its page.",
)
_COLS = tuple(field.name for field in _LOTS.fields)


def _write_lots(changes: Sequence[Change], by: Seat, look: Any) -> None:
    """New ones are announced; what is there is corrected as it stands. One that went through a gate
    is not taken away (its visits hold it)."""
    new = [change.after for change in changes if change.before is None and change.after]
    announce([_notice(row, look) for row in new], by=by)
    rest = [change for change in changes if change.before is not None]
    remove(
        Lot.objects.filter(
            number__in=[c.key[0] for c in rest if c.after is None], state="announced"
        )
    )
    _LOTS.write([change for change in rest if change.after is not None], by, look)


def _notice(row: Row, look: Any) -> Notice:
    held = Lot()
    for col in _LOT_COLS:
        col.put(held, row[col.field.name], look)
    return Notice(
        **{name: getattr(held, name) for name in _COLS if name != "place"},
        place=look.place(row["place"]),
    )


LOTS = replace(_LOTS, write=_write_lots)


def _workers_there(look: Look) -> dict[Key, Row]:
    words = staff_classes(clock.now())
    found: dict[Key, Row] = {}
    rows = Worker.objects.select_related("person", "site__place").filter(until=None)
    look.rows = {}  # type: ignore[attr-defined]
    for one in rows:
        row = {
            "site": site_text(one.site),
            "name": one.person.name_masked,
            "id_number": one.person.number_masked,
            "phone": one.person.phone_masked,
            "duty": words.get(one.duty, (one.duty,))[0],
            "since": one.since.isoformat(),
            "key": str(one.pk),
        }
        found[str(one.pk),] = row
        look.rows[str(one.pk),] = one  # type: ignore[attr-defined]
    return found


def _fill_worker(row: Row, there: dict[Key, Row], look: Any) -> None:
    """Somebody who is new has no key yet: his row's own place in the table does."""
    if not row.get("key"):
        row["key"] = f"新{len(look.coming) + 1:04d}"
        look.coming.add((row["key"],))


def _write_workers(changes: Sequence[Change], by: Seat, look: Any) -> None:
    words = {w[0]: code for code, w in staff_classes(clock.now()).items()}
    for change in changes:
        if change.after is None:
            worker = look.rows.get(change.key)
            if worker is not None:
                end_work(worker=worker, on=clock.beijing(clock.now()).date(), by=by)
            continue
        row = change.after
        site = site_of(row["site"], look)
        who = Record(name=row["name"], id_number=row["id_number"], phone=row["phone"])
        if change.before is not None:
            worker = look.rows[change.key]
            set_duty(worker=worker, duty=words[row["duty"]], by=by)
            continue
        since = to_day(row["since"]) or clock.beijing(clock.now()).date()
        enter_workers([(who, words[row["duty"]], since)], site=site, by=by)


WORKERS = Door(
    code="cold_workers",
    zh="冷链从业人员",
    en="Cold-chain staff",
    fields=(
        Field("key", "编号", "No.", short(12), hint_zh="新人留空"),
        Field(
            "site",
            "单位场所",
            "Site",
            known=site_texts(*STORES),
            offered=lambda look: sorted(set(site_texts(*STORES)(look).values()) - {""}),
            needed=True,
        ),
        *SEALED,
        choice_field(
            "duty", "岗位类别", "Class", lambda look: staff_classes(clock.now()), needed=True
        ),
        Field("since", "上岗日期", "Since", day),
    ),
    key=("key",),
    there=_workers_there,
    write=_write_workers,
    fill=_fill_worker,
    judge=lambda row, before, look: judge_person(row, before, "site"),
    look=Look,
    scope=lambda row, look: site_of(row["site"], look).place.path,
    right="cold.work",
    reads="lot.read",
    hint_zh="每人一行。核酸有效期按岗位类别；没有有效阴性不能上岗。",
    hint_en="A row a person. How long a test is good for goes by the class of the post.",
)

COUNTS = rows_door(
    code="cold_counts",
    zh="冷库盘点",
    en="Counts of cold stores",
    rows=lambda: StockCount.objects.filter(
        on__gte=clock.beijing(clock.now()).date() - timedelta(days=400)
    ).select_related("site__place"),
    new=StockCount,
    cols=(
        site_col("site", "冷库", "Store", *STORES, needed=True),
        day_col("on", "盘点日期", "Counted on", needed=True),
        short_col("number", "批次号", "Lot", 40, needed=True, hint_zh="货上写的号"),
        number_col("weight_kg", "重量（公斤）", "Weight (kg)", low=0, needed=True),
        SOURCE,
    ),
    key=("site", "on", "number"),
    look=Look,
    scope=lambda row, look: site_of(row["site"], look).place.path,
    right="cold.work",
    reads="lot.read",
    hint_zh="一次盘点把库里所有批次都写上；没有批次的货照实写号，列为缺口。",
    hint_en="A count names all that is there; goods that are no lot are a gap.",
)

LABORATORIES = rows_door(
    code="laboratories",
    zh="实验室检测能力",
    en="Capacity of laboratories",
    rows=lambda: Capacity.objects.select_related("site__place"),
    new=Capacity,
    cols=(
        site_col("site", "实验室", "Laboratory", "laboratory", "hospital", needed=True),
        number_col("a_day", "每天能做（管）", "Tubes a day", low=1, whole=True, needed=True),
        SOURCE,
    ),
    key=("site",),
    look=Look,
    scope=lambda row, look: site_of(row["site"], look).place.path,
)
LISTS = (DECLARATIONS, LOTS, WORKERS, COUNTS, LABORATORIES)
