"""Schedules of authorities and names of vaccines, as dated data; and a schedule as rules."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from fangxian.kernels.vaccine.rules import (
    Against,
    Age,
    Antigen,
    Dose,
    Interval,
    Period,
    Product,
    Rules,
    Series,
)
from fangxian.spine.core import clock, dated
from fangxian.spine.core.dated import Complaint, Content, RuleSet
from fangxian.spine.core.editions import edition, editions_known, stamp
from fangxian.spine.core.problems import Problem

from .judging import Judge, Schedule
from .spans import period

DATA = Path(__file__).parent / "data"
SPANS = ("after", "recommended", "within", "within_of_first", "from_age")


def _spans(row: Mapping[str, Any], at: str) -> Iterable[Complaint]:
    for name in SPANS:
        try:
            period(row.get(name))
        except (ValueError, AttributeError):
            yield f"{at}.{name}", 'a span as "21 days", "6 months", "18 years"'


def _named(row: Mapping[str, Any], at: str, names: tuple[str, ...]) -> Iterable[Complaint]:
    for name in names:
        if not isinstance(row.get(name), str) or not row[name]:
            yield f"{at}.{name}", f"{name} = … is missing"


def _series(row: Mapping[str, Any], at: str) -> Iterable[Complaint]:
    yield from _named(row, at, ("code", "zh", "en"))
    yield from _spans(row, at)
    if not row.get("kind") and not row.get("products"):
        yield f"{at}.kind", 'kind = "inactivated" or products = ["511"]'
    if not row.get("dose"):
        yield f"{at}.dose", "dose = [{}, …], one a dose"
    for n, dose in enumerate(row.get("dose") or []):
        yield from _spans(dose, f"{at}.dose.{n}")


def _schedules(content: Content) -> Iterable[Complaint]:
    if not content.get("authority"):
        yield "authority", "[[authority]] blocks"
    for n, one in enumerate(content.get("authority") or []):
        at = f"authority.{n}"
        yield from _named(one, at, ("code", "zh", "en"))
        for k, group in enumerate(one.get("group") or []):
            yield from _named(group, f"{at}.group.{k}", ("code", "zh", "en"))
            for j, row in enumerate(group.get("series") or []):
                yield from _series(row, f"{at}.group.{k}.series.{j}")


def _products(content: Content) -> Iterable[Complaint]:
    seen: set[str] = set()
    for n, row in enumerate(content.get("product") or []):
        yield from _named(row, f"product.{n}", ("code", "zh", "en", "cvx", "kind"))
        for name in ("code", "cvx"):
            if row.get(name) in seen:
                yield f"product.{n}.{name}", f"{row[name]} stands twice"
            seen.add(str(row.get(name)))
    if not seen:
        yield "product", "[[product]] blocks"


SCHEDULES = RuleSet(
    "vaccine_schedules", "免疫程序", "Vaccine schedules", DATA / "vaccine_schedules", _schedules
)
PRODUCTS = RuleSet("vaccine_products", "疫苗品种", "Vaccines", DATA / "vaccine_products", _products)
dated.declare(SCHEDULES, PRODUCTS)


def products() -> list[Mapping[str, Any]]:
    """The vaccines known today."""
    return list(edition(PRODUCTS.name, clock.now()).content["product"])


def _next(of: Period | None) -> Period | None:
    """What is within a span is still in time on its last day."""
    return None if of is None else Period(of.months, of.days + 1)


def _dose(row: Mapping[str, Any], first: bool, series: Mapping[str, Any], cvx: list[str]) -> Dose:
    age = period(row.get("from_age") or series.get("from_age"))
    after = period(row.get("after"))
    waits = []
    if not first:
        waits.append(
            Interval(
                previous=True,
                absolute=after,
                minimum=after,
                earliest=period(row.get("recommended")) or after,
                latest=_next(period(row.get("within"))),
            )
        )
    if row.get("within_of_first"):
        waits.append(Interval(target=1, latest=_next(period(row["within_of_first"]))))
    return Dose(
        # The wait says when it is recommended, the age only from when it may be given.
        ages=(Age(absolute=age, minimum=age, earliest=age if first else None),),
        intervals=tuple(waits),
        preferable=tuple(Product(code) for code in cvx),
    )


def rules_of(authority: Mapping[str, Any], known: Collection[Mapping[str, Any]]) -> Rules:
    """The rules that a block of an edition says, for the vaccines that are ``known``."""
    by_kind: dict[str, list[str]] = {}
    for row in known:
        by_kind.setdefault(row["kind"], []).append(row["cvx"])
    antigens: list[Antigen] = []
    vaccines: dict[str, set[str]] = {row["cvx"]: set() for row in known}
    for group in authority.get("group") or []:
        series = []
        for n, row in enumerate(group["series"]):
            cvx = list(row.get("products") or by_kind.get(row["kind"], []))
            doses = (_dose(one, k == 0, row, cvx) for k, one in enumerate(row["dose"]))
            series.append(
                Series(row["code"], group["code"], group["code"], "Standard", tuple(doses),
                       preference=n + 1)
            )  # fmt: skip
        antigens.append(Antigen(group["code"], tuple(series)))
        for code in vaccines:
            vaccines[code].add(group["code"])
    return Rules(
        antigens=tuple(antigens),
        groups={one.name: (one.name,) for one in antigens},
        whole_groups=frozenset(),
        vaccines={
            code: tuple(Against(name) for name in sorted(names)) for code, names in vaccines.items()
        },
        names={row["cvx"]: row["zh"] for row in known},
    )


@lru_cache(16)
def _judge(code: str, stamp: int) -> Judge:
    blocks: list[tuple[date, Mapping[str, Any]]] = []
    names: set[str] = set()
    for one in editions_known(SCHEDULES.name):
        since = clock.beijing(one.valid_from).date() if one.valid_from else date.min
        for block in one.content["authority"]:
            names.add(block["code"])
            if block["code"] == code:
                blocks.append((since, block))
    if not blocks:
        raise Problem("schedule.unknown", name=code, known=", ".join(sorted(names)))
    in_order = dict(sorted(blocks, key=lambda one: one[0]))  # of one day the one entered last
    known = products()
    return Judge(Schedule([(since, rules_of(block, known)) for since, block in in_order.items()]))


def judge_of(authority: str) -> Judge:
    """The schedules of an authority, ready to judge by. Raises ``schedule.unknown``."""
    return _judge(authority, stamp())
