"""The proof of blind spots at the size of a city: 20,000 points and visits to them, against reading
every visit as a plain query does, on the same file in the same run."""

import os
import random
import tempfile
from datetime import timedelta
from functools import partial
from typing import Any

os.environ.setdefault("FANGXIAN_DATA_DIR", tempfile.mkdtemp(prefix="fangxian-bench-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxian.settings")

import django

django.setup()

from django.db.models import Max

import fangxian.wiring
from benchmarks import best
from fangxian.ops.bootstrap import make_ready
from fangxian.spine.core import clock
from fangxian.spine.core.registers import register, select
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.inspect.models import Visit
from fangxian.spine.inspect.proof import prove
from fangxian.spine.registry.models import Place, Site

POINTS, VISITS = 20_000, int(os.environ.get("BENCH_VISITS", "400000"))
KINDS = ("hazard_point", "cut_slope", "flash_flood", "pond", "low_ground")


def fill() -> None:
    rng = random.Random(1)
    make_ready()
    villages = list(Place.objects.filter(kind="village", successor=None))
    sites = []
    for n in range(POINTS):
        at = rng.choice(villages)
        lon, lat = (at.lon or 117.3) + rng.gauss(0, 0.01), (at.lat or 24.5) + rng.gauss(0, 0.01)
        kind = KINDS[n % len(KINDS)]
        sites.append(Site(kind=kind, code=f"X{n}", name=f"{n}", place=at, lon=lon, lat=lat))
    Site.objects.bulk_create(sites, batch_size=2000)
    keys = list(Site.objects.filter(code__startswith="X").values_list("pk", "place_id"))
    now = clock.now()
    for first in range(0, VISITS, 50_000):
        rows = []
        for _ in range(min(50_000, VISITS - first)):
            site, place = rng.choice(keys)
            at = now - timedelta(hours=rng.random() * 24 * 700)
            rows.append(Visit(site_id=site, place_id=place, by="t", at=at))
        Visit.objects.bulk_create(rows, batch_size=5000)


def plain() -> int:
    """The last visit of each site by grouping all of them."""
    rows = Visit.objects.filter(counts=True).values("site").annotate(last=Max("at"))
    return len(list(rows))


def _page(one: Any, rows: Any) -> list[Any]:
    return list((one.dress or list)(list(rows[:50])))


def main() -> dict[str, Any]:
    assert fangxian.wiring.SUBJECTS
    fill()
    now = clock.now()
    proof_s = best(lambda: prove(now, seat=SYSTEM), 3)
    plain_s = best(plain, 3)
    lists = {}
    for code in ("visits", "danger_points"):
        one = register(code)
        rows = select(one, seat=SYSTEM, asked={})
        page = partial(_page, one, rows)
        lists[f"{code}_page_s"] = round(best(page, 3), 3)
    return {
        "points": POINTS,
        "visits": VISITS,
        "proof_s": round(proof_s, 3),
        "grouping_all_visits_s": round(plain_s, 3),
        "proof_to_grouping": round(proof_s / plain_s, 2),
        **lists,
    }
