"""`./run bench matching`: recall and precision of matching on a generator with
another model of errors than the weights were chosen on, and how many arrivals a second are entered
with matching, beside the q-gram similarity that peers use."""

import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "people")]


def qgram(x: str, y: str, q: int = 2) -> float:
    """The similarity of names by which SORMAS proposes (threshold 0.65), as the sheet gives it."""
    grams = [{f"#{t}#"[k : k + q] for k in range(len(t) + 3 - q)} for t in (x, y)]
    both = len(grams[0] & grams[1])
    return 2 * both / max(1, len(grams[0]) + len(grams[1]))


def measure(n: int, queries: int, seed: int) -> dict[str, object]:
    """Of a register of ``n`` and so many arrivals."""
    from judged import judge
    from truth import make

    from fangxian.spine.people.matching import Record

    register, arrivals, truth = make(n, seed, queries=queries)
    people = [Record(**row) for row in register]
    asked = [(Record(**row), k) for row, k in zip(arrivals, truth, strict=True)]
    start = time.perf_counter()
    told = judge(people, asked)
    by_name = sum(
        k >= 0 and qgram(one.name, people[k].name) >= 0.65 and one.name != "" for one, k in asked
    )
    return {
        "register": n,
        "arrivals": len(asked),
        "there": told.there,
        "recall": round(told.recall, 4),
        "precision": round(told.precision, 4),
        "recall_qgram_name_alone": round(by_name / told.there, 4),
        "seconds": round(time.perf_counter() - start, 1),
    }


def speed(n: int = 20_000, more: int = 3_000) -> dict[str, object]:
    """Arrivals entered a second, sealed, indexed and matched, into a register of ``n``."""
    os.environ["FANGXIAN_DATA_DIR"] = tempfile.mkdtemp(prefix="fangxian-bench-")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")
    import django

    django.setup()
    from truth import make

    from fangxian.ops.bootstrap import make_ready
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.people.matching import Record
    from fangxian.spine.people.write import enter_persons
    from fangxian.spine.registry.read import city

    make_ready()
    register, arrivals, _ = make(n, 5, queries=more)
    rows = [Record(**row) for row in register]
    for at in range(0, n, 2000):
        enter_persons(rows[at : at + 2000], place=city(), source="bench", by=SYSTEM)
    asked = [Record(**row) for row in arrivals]
    start = time.perf_counter()
    for at in range(0, len(asked), 500):
        enter_persons(asked[at : at + 500], place=city(), source="arrivals", by=SYSTEM)
    return {"register": n, "arrivals_per_s": round(len(asked) / (time.perf_counter() - start))}


def identity(n: int = 200_000) -> dict[str, object]:
    """Identity numbers judged a second, beside python-stdnum's validation of the same."""
    import random
    from datetime import date

    from stdnum.cn import ric

    from fangxian.spine.people.districts import districts
    from fangxian.spine.people.identity import check_digit, judge_number

    rng, codes = random.Random(1), list(districts())
    numbers = []
    for _ in range(n):
        day = f"{rng.randint(1935, 2020)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
        first = f"{rng.choice(codes)}{day}{rng.randint(0, 999):03d}"
        numbers.append(first + check_digit(first))
    start = time.perf_counter()
    ours = sum(judge_number(text, today=date(2026, 11, 29)).ok for text in numbers)
    middle = time.perf_counter()
    some = numbers[: n // 20]
    theirs = sum(ric.is_valid(text) for text in some)
    end = time.perf_counter()
    per_s, peer = n / (middle - start), len(some) / (end - middle)
    return {
        "per_s": round(per_s),
        "times_stdnum": round(per_s / peer, 1),
        "ok": round(ours / n, 3),
        "ok_stdnum": round(theirs / len(some), 3),
    }


def main() -> dict[str, object]:
    """The register of FANGXIAN_BENCH_PERSONS (100,000), a 25th of it as arrivals."""
    n = int(os.environ.get("FANGXIAN_BENCH_PERSONS", "100000"))
    return {"found": measure(n, n // 25, seed=777), "entered": speed(), "identity": identity()}
