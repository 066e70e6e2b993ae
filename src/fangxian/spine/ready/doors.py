"""The doors of readiness: teams, trainings, stock, agreements with firms, what shelters hold."""

from collections.abc import Iterable, Sequence
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.canon import day, number, number_text, short, to_day, to_number
from fangxian.spine.core.door import Change, Door, Field, Key, Row, Wrong
from fangxian.spine.core.door_rows import Col, codes_col, number_col, rows_door
from fangxian.spine.core.hazards import headquarters
from fangxian.spine.core.rights import Seat
from fangxian.spine.registry.doors.cols import (
    choice_col,
    day_col,
    flag_col,
    moment_col,
    organisation_col,
    place_col,
    post_col,
    short_col,
    site_col,
    site_of,
    site_text,
    site_texts,
)
from fangxian.spine.registry.doors.look import Look

from .models import Agreement, Lot, Shelter, Team, Training
from .rules import goods, skills
from .write.stock import count_stock, receive_goods

STORES = ("warehouse", "shelter", "hotel", "hospital", "vaccination_post", "cold_store")
SOURCE = short_col("source", "资料来源", "Source", 200)


def _skills(look: Any) -> dict[str, tuple[str, str]]:
    return skills(clock.now())


def _goods(look: Any) -> dict[str, tuple[str, str]]:
    return {code: (one.zh, one.en) for code, one in goods(clock.now()).items()}


def _headquarters(look: Any) -> dict[str, tuple[str, str]]:
    return dict(headquarters())


def _path(row: Row, look: Look) -> str:
    return look.place(row["place"]).path


TEAMS = rows_door(
    code="teams",
    zh="抢险救援队伍",
    en="Teams",
    rows=lambda: Team.objects.select_related("place", "organisation", "post__organisation"),
    new=Team,
    cols=(
        short_col("code", "编号", "Code", 40, needed=True, example="T01"),
        short_col("name", "名称", "Name", 80, needed=True),
        place_col(),
        organisation_col(),
        post_col("带队岗位", "Leader's post", hint_zh="岗位全称；叫这支队伍就叫他"),
        codes_col("headquarters", "归口指挥部", "Headquarters", _headquarters, example="防汛"),
        codes_col("skills", "技能", "Skills", _skills, needed=True, hint_zh="几项用、隔开"),
        number_col("size", "人数", "People", low=1, high=100_000, whole=True, needed=True),
        number_col("vehicles", "车辆", "Vehicles", whole=True),
        number_col("boats", "舟艇", "Boats", whole=True),
        number_col("pumps", "水泵", "Pumps", whole=True),
        number_col("ready_min", "集结（分钟）", "Ready in (min)", whole=True, fixed="30"),
        number_col("lon", "经度", "Longitude", low=-180, high=180, fixed="", hint_zh="WGS84"),
        number_col("lat", "纬度", "Latitude", low=-90, high=90, fixed="", hint_zh="WGS84"),
        moment_col("valid_from", "启用", "From"),
        moment_col("valid_to", "停用", "To"),
        SOURCE,
    ),
    key=("code",),
    look=Look,
    scope=_path,
    hint_zh="每支队伍一行。没有带队岗位、岗位空缺、没有电话、培训过期的，不算到位，列为缺口。",
    hint_en="A row a team. One that nobody can call or that is not trained does not count.",
)


def _team_col() -> Col:
    def known(look: Any) -> dict[str, str]:
        return {text: t.code for t in look.teams.values() for text in (t.code, t.name)}

    def put(row: Any, text: str, look: Any) -> None:
        row.team = look.teams[text]

    return Col(Field("team", "队伍", "Team", known=known, needed=True), lambda r: r.team.code, put)


class TeamLook(Look):
    def __init__(self) -> None:
        super().__init__()
        self.teams = {team.code: team for team in Team.objects.select_related("place")}


def _judge_training(row: Row, before: Row | None, look: TeamLook) -> Iterable[Wrong]:
    if row["valid_to"] <= row["held_on"]:
        yield "valid_to", "有效期应晚于培训日期", "it is good until before it was held"


TRAININGS = rows_door(
    code="trainings",
    zh="培训",
    en="Trainings",
    rows=lambda: Training.objects.select_related("team__place"),
    new=Training,
    cols=(
        _team_col(),
        choice_col("skill", "科目", "Skill", _skills, needed=True),
        day_col("held_on", "培训日期", "Held on", needed=True),
        day_col("valid_to", "有效期至", "Good until", needed=True),
        number_col("people", "参加人数", "People", whole=True, needed=True),
        SOURCE,
    ),
    key=("team", "skill", "held_on"),
    look=TeamLook,
    scope=lambda row, look: look.teams[row["team"]].place.path,
    judge=_judge_training,
)


def _judge_agreement(row: Row, before: Row | None, look: Look) -> Iterable[Wrong]:
    if row["valid_to"] <= row["valid_from"]:
        yield "valid_to", "终止应晚于起始", "it ends before it begins"


AGREEMENTS = rows_door(
    code="agreements",
    zh="企业代储协议",
    en="Agreements with firms",
    rows=lambda: Agreement.objects.select_related("place", "post__organisation"),
    new=Agreement,
    cols=(
        short_col("code", "编号", "Code", 40, needed=True),
        short_col("firm", "企业", "Firm", 80, needed=True),
        place_col(),
        choice_col("goods", "品种", "Goods", _goods, needed=True),
        number_col("quantity", "数量", "Quantity", needed=True),
        number_col("hours", "几小时内送到", "Delivered within (h)", needed=True),
        post_col("联系岗位", "Post that calls it"),
        day_col("valid_from", "起", "From", needed=True),
        day_col("valid_to", "止", "To", needed=True),
        SOURCE,
    ),
    key=("code",),
    look=Look,
    scope=_path,
    judge=_judge_agreement,
)


def _site_path(row: Row, look: Look) -> str:
    return str(site_of(row["site"], look).place.path)


SHELTERS = rows_door(
    code="shelters",
    zh="避灾点容量",
    en="Shelters' capacity",
    rows=lambda: Shelter.objects.select_related("site__place"),
    new=Shelter,
    cols=(
        site_col("site", "避灾点", "Shelter", "shelter", "hotel", "school", needed=True),
        number_col("flood", "普通安置（人）", "Ordinary (people)", whole=True, needed=True),
        number_col("contacts", "密接分区（人）", "Contacts apart (people)", whole=True),
        number_col("cases", "病例隔离（人）", "Cases (people)", whole=True),
        flag_col("floods_itself", "自身会淹", "Floods itself"),
        flag_col("wheelchairs", "无障碍", "Step-free"),
        flag_col("power", "备用电源", "Spare power"),
        SOURCE,
    ),
    key=("site",),
    look=Look,
    scope=_site_path,
    hint_zh="先在“场所”登记避灾点。三种用途各写容量，不能用的写 0。",
    hint_en="Enter the site first. A capacity for each use, 0 where it cannot be used.",
)


class StockLook(Look):
    rows: dict[Key, Lot]


def _stock_there(look: StockLook) -> dict[Key, Row]:
    words = _goods(look)
    found: dict[Key, Row] = {}
    look.rows = {}
    for lot in Lot.objects.select_related("site__place"):
        row = {
            "site": site_text(lot.site),
            "goods": words.get(lot.goods, (lot.goods,))[0],
            "lot": lot.code,
            "quantity": number_text(lot.quantity),
            "expires_on": lot.expires_on.isoformat() if lot.expires_on else "",
            "reason": "",
        }
        key = (row["site"], row["goods"], row["lot"])
        look.rows[key], found[key] = lot, row
    return found


def _judge_stock(row: Row, before: Row | None, look: StockLook) -> Iterable[Wrong]:
    if before and row["expires_on"] != before["expires_on"]:
        yield "expires_on", "已有批次的有效期不能改，另编批次号", "a lot's day does not change"
    if before and row["quantity"] != before["quantity"] and not row["reason"]:
        yield "reason", "盘点与账不符，须写原因", "the count differs from the book: say why"


def _write_stock(changes: Sequence[Change], by: Seat, look: StockLook) -> None:
    codes = {w[0]: code for code, w in _goods(look).items()}
    for change in changes:
        lot = look.rows.get(change.key)
        if lot is None and change.after is not None:
            row = change.after
            look.rows[change.key] = receive_goods(
                site=site_of(row["site"], look),
                kind=codes[row["goods"]],
                lot=row["lot"],
                quantity=to_number(row["quantity"]) or 0,
                expires_on=to_day(row["expires_on"]),
                source=row["reason"] or "导入",
                by=by,
            )
        elif lot is not None:  # undone, it is counted as nothing: what has moved is never unsaid
            told = change.after or {"quantity": "0", "reason": "撤销导入"}
            counted = to_number(told["quantity"]) or 0
            count_stock(lot=lot, counted=counted, reason=told["reason"] or "撤销导入", by=by)


STOCK = Door(
    code="stock",
    zh="物资库存",
    en="Stock",
    fields=(
        Field(
            "site",
            "仓库",
            "Store",
            known=site_texts(*STORES),
            offered=lambda look: sorted(set(site_texts(*STORES)(look).values()) - {""}),
            needed=True,
        ),
        Field(
            "goods",
            "品种",
            "Goods",
            known=lambda look: {t: w[0] for c, w in _goods(look).items() for t in (c, *w)},
            offered=lambda look: [w[0] for w in _goods(look).values()],
            needed=True,
        ),
        Field("lot", "批次", "Lot", short(40), needed=True, example="2026-03"),
        Field("quantity", "数量", "Quantity", number(0, 1e9), needed=True),
        Field("expires_on", "有效期至", "Expires on", day, hint_zh="没有有效期留空"),
        Field("reason", "盘点差异原因", "Why the count differs", short(200)),
    ),
    key=("site", "goods", "lot"),
    there=_stock_there,
    write=_write_stock,
    look=StockLook,
    scope=_site_path,
    judge=_judge_stock,
    right="stock.move",
    hint_zh="新批次是入库；已有批次改数量是盘点，须写原因。出库、调运在仓库页办理。",
    hint_en="A new lot is a receipt; another quantity of a known one is a count and says why.",
)
LISTS = (TEAMS, TRAININGS, SHELTERS, STOCK, AGREEMENTS)
