"""What sentinels counted and reported, for tests."""

from datetime import date, timedelta

import numpy as np

from fangxian.hazards.epidemic.sentinel.models import Count
from fangxian.hazards.epidemic.sentinel.write import counts
from fangxian.ops.worker import Worker
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Form
from fangxian.spine.observe.reports.write import accept_report, xml_of
from fangxian.spine.observe.reports.xform import read_xform

DAY = date(2016, 9, 13)


def past(sites, *, days=80, until=DAY, rate=6, seed=1, syndrome="ili", last=None):
    """Counts as they usually are, up to the day before ``until``, and ``last`` on it by site."""
    rng = np.random.default_rng(seed)
    rows = []
    for site in sites:
        for k in range(1, days):
            n = float(rng.poisson(rate))
            rows.append((site, syndrome, until - timedelta(days=k), n, None))
        n = (last or {}).get(site.code, float(rate))
        if n is not None:
            rows.append((site, syndrome, until, n, None))
    counts.put_counts(rows, report=None, by=SYSTEM)
    Count.objects.filter(day__lt=until).update(judged=True)


def report(site, by, instance="uuid:1", follows="", at=None, **given):
    form = Form.objects.get(code="sentinel_daily", ended_at=None)
    told = {"visits": "100", "ili": "0", "sari": "0", "diarrhoea": "0", "rash": "0"}
    told |= {"conjunctivitis": "0"} | given
    root = read_xform(form.xform).root
    raw = xml_of(form, {f"/{root}/{k}": v for k, v in told.items()}, instance=instance)
    if follows:
        edit = f"<deprecatedID>{follows}</deprecatedID></meta>".encode()
        raw = raw.replace(b"</meta>", edit)
    found, _ = accept_report(raw=raw, by=by, door="t", about=(site.kind, site.code), at=at)
    Worker().settle()
    return found
