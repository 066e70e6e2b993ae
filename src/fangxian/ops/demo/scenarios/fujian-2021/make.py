"""Makes the files of this folder from the daily confirmed cases of the province: `make.py SERIES`,
the file jhu_fujian_daily_2020_2021.csv of the R package coronavirus. The days and how many are
real; which county, who, which hospital and what it counts are drawn by chance."""

import csv
import sys
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
FIRST, DAYS, PAST = date(2021, 9, 6), 14, 70
# counties and how much of the wave falls on each: invented, coast first
COUNTIES = {
    "龙文区": 8, "芗城区": 14, "龙海区": 22, "漳浦县": 16, "云霄县": 8, "东山县": 7,
    "诏安县": 7, "南靖县": 6, "平和县": 5, "华安县": 3, "长泰区": 4,
}  # fmt: skip
TOWNS = {
    "龙文区": "步文街道", "芗城区": "石亭街道", "龙海区": "石码街道", "漳浦县": "绥安镇",
    "云霄县": "云陵镇", "东山县": "西埔镇", "诏安县": "南诏镇", "南靖县": "山城镇",
    "平和县": "小溪镇", "华安县": "华丰镇", "长泰区": "武安镇",
}  # fmt: skip
KINDS = (("医院", "hospital", 420, 9.0), ("中医院", "hospital", 160, 4.0))
SYNDROMES = {"ili": 1.0, "sari": 0.08, "diarrhoea": 0.5, "rash": 0.15, "conjunctivitis": 0.1}
SURNAMES = "王李张刘杨赵周徐孙马朱胡郭何高罗梁宋谢唐韩曹邓萧冯曾程"
GIVEN = "志明建国文华海峰秀英丽珠阿福水木金山德胜春兰美玉振东晓燕永安世平"
FLOODED, GAUGE = "S16", "60210001"  # 平和县医院, and a gauge beside it
SOURCE = "剧情，虚构"


def hospitals() -> list[tuple[str, str, str, int, float]]:
    """Code, name, county, visits a day, usual influenza-like ones."""
    found: list[tuple[str, str, str, int, float]] = []
    for county in COUNTIES:
        for kind, _, visits, usual in KINDS:
            name = f"{county}{kind}"
            found.append((f"S{len(found):02d}", name, county, visits, usual))
    return found


def tables() -> Iterable[tuple[str, list[Any]]]:
    all_ = hospitals()
    yield (
        "01-organisations",
        [{"name": n, "kind": "医院、学校、企业", "place": c} for _, n, c, *_ in all_],
    )
    top = {"superior_organisation": "漳州市疫情防控指挥部", "superior": "指挥长"}
    yield (
        "02-posts",
        [{"organisation": n, "post": "报告员", "role": "责任人", **top} for _, n, *_ in all_],
    )
    yield (
        "03-people",
        [
            {
                "code": f"H{k:03d}",
                "name": f"{SURNAMES[k]}{GIVEN[k % len(GIVEN)]}",
                "phone": f"1980000{k:04d}",
            }
            for k, _ in enumerate(all_)
        ],
    )
    yield (
        "04-terms",
        [
            {"organisation": n, "post": "报告员", "person": f"H{k:03d}", "starts_at": "2021-01-01"}
            | {"reason": SOURCE}
            for k, (_, n, *_) in enumerate(all_)
        ],
    )
    yield (
        "05-sites",
        [
            {"kind": "医院", "code": s, "name": n, "place": f"{c}{TOWNS[c]}", "organisation": n}
            | {"source": SOURCE}
            for s, n, c, *_ in all_
        ],
    )
    yield (
        "06-report_plans",
        [
            {"name": "哨点日报", "form": "sentinel_daily", "place": "漳州市", "site_kind": "医院"}
            | {"role": "责任人", "headquarters": "防疫", "due_time": "09:00"}
            | {"valid_from": "2021-09-06", "source": SOURCE}
        ],
    )
    yield (
        "07-stations",
        [
            {"code": GAUGE, "name": "平和县医院水位站", "place": f"平和县{TOWNS['平和县']}"}
            | {"river": "花山溪", "datum": "黄海基面", "every_min": 60, "origin": "模拟"}
            | {"source": SOURCE}
        ],
    )
    yield (
        "08-marks",
        [
            {"station": GAUGE, "mark": mark, "value_m": value, "source": SOURCE}
            for mark, value in (("警戒", 32.0), ("保证", 34.0))
        ],
    )


def counts(rng: np.random.Generator) -> Iterable[dict[str, object]]:
    """The seventy days before."""
    for code, _, _, _, usual in hospitals():
        for k in range(PAST, 1, -1):
            day = FIRST - timedelta(days=k)
            for name, n in _day(rng, usual).items():
                yield {"day": day, "kind": "hospital", "site": code, "syndrome": name, "n": n}


def _day(rng: np.random.Generator, usual: float) -> dict[str, int]:
    return {name: int(rng.poisson(usual * share)) for name, share in SYNDROMES.items()}


def reports(rng: np.random.Generator) -> Iterable[dict[str, object]]:
    """A report a day by each; some late, a few never, one flooded from the 13th evening on for two
    days. In the county where the wave begins more fever comes three days before."""
    for k in range(DAYS):
        day = FIRST + timedelta(days=k)
        for code, name, county, visits, usual in hospitals():
            fate = rng.random()
            wet = code == FLOODED and date(2021, 9, 14) <= day <= date(2021, 9, 15)
            if fate < 0.01 or wet:
                continue
            minutes = int(rng.integers(0, 50)) if fate > 0.05 else int(rng.integers(90, 200))
            told = _day(rng, usual)
            if county == "龙海区" and day >= date(2021, 9, 9):
                told["ili"] += int(rng.poisson(14 if name.endswith("区医院") else 6))
            at = datetime.combine(day, time(8, 5)) + timedelta(minutes=minutes)
            yield {
                "at": f"{at.isoformat()}+08:00", "kind": "hospital", "site": code,
                "form": "sentinel_daily", "visits": int(rng.normal(visits, visits / 20)), **told,
            }  # fmt: skip


def cases(rng: np.random.Generator, daily: dict[date, int]) -> Iterable[dict[str, object]]:
    """So many confirmed as the province had, all taken for local ones."""
    names = list(COUNTIES)
    number = 0
    for k in range(DAYS):
        day = FIRST + timedelta(days=k)
        # the first days in one county, then over all
        spread = np.array([v if k > 6 or n == "龙海区" else 0 for n, v in COUNTIES.items()], float)
        for _ in range(daily.get(day, 0) if day >= date(2021, 9, 10) else 0):
            number += 1
            county = names[int(rng.choice(len(names), p=spread / spread.sum()))]
            at = datetime.combine(day, time(19)) + timedelta(minutes=int(rng.integers(0, 120)))
            given = "".join(rng.choice(list(GIVEN), 2))
            yield {
                "at": f"{day.isoformat()}T21:20:00+08:00",
                "number": f"F{number:05d}", "name": f"{rng.choice(list(SURNAMES))}{given}",
                "sex": "女" if rng.random() < 0.5 else "男",
                "birth": date(1940, 1, 1) + timedelta(days=int(rng.integers(0, 27000))),
                "disease": "新型冠状病毒感染", "status": "确诊", "origin": "本土",
                "onset": day - timedelta(days=int(rng.integers(0, 4))),
                "diagnosed_at": f"{at:%Y-%m-%d %H:%M}", "place": f"{county}{TOWNS[county]}",
            }  # fmt: skip


def readings() -> Iterable[dict[str, object]]:
    """The gauge at the hospital of Pinghe rises over its guarantee level and falls again."""
    rises = datetime.combine(date(2021, 9, 13), time(18))
    for hour in range(DAYS * 24 - 1):
        at = datetime.combine(FIRST, time(8)) + timedelta(hours=hour + 1)
        into = (at - rises) / timedelta(hours=1)
        over = 4.6 * max(0.0, 1 - abs(into - 24) / 24) if 0 <= into <= 48 else 0.0
        row = {"station": GAUGE, "element": "Z", "value": round(30.4 + over, 2)}
        yield {"at": f"{(at + timedelta(minutes=1)).isoformat()}+08:00", **row}


def write(name: str, rows: Iterable[dict[str, object]]) -> None:
    rows = list(rows)
    path = HERE / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, rows[0], lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


def main(series: Path) -> None:
    rng = np.random.default_rng(20210910)
    daily = {
        date.fromisoformat(row["date"]): int(row["cases"])
        for row in csv.DictReader(series.open())
        if row["type"] == "confirmed"
    }
    for name, rows in tables():
        write(f"tables/{name}", rows)
    write("counts", counts(rng))
    write("reports", reports(rng))
    write("cases", cases(rng, daily))
    write("readings", readings())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
