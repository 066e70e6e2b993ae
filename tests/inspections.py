"""Reports by check lists, as phones make them, and what the worker does with them."""

import uuid
from datetime import datetime

from fangxian.spine.core.queue import claim_jobs, fan_out, run_jobs
from fangxian.spine.core.rights import Seat
from fangxian.spine.observe.models import Form, Report
from fangxian.spine.observe.reports.write import accept_report, answers_by_name, xml_of
from fangxian.spine.registry.models import Site
from fangxian.wiring import WIRING


def inspected(
    site: Site,
    seat: Seat,
    *,
    at: datetime | None = None,
    form: str = "check_slope",
    spot: tuple[float, float] | None = None,
    files: dict[str, bytes] | None = None,
    follows: str = "",
    named: bool = True,
    **answers: str,
) -> Report:
    """A report by a check list, as a phone makes it; the visit follows as the worker does it."""
    one = Form.objects.get(code=form, ended_at=None)
    given = {"result": "fine", **answers}
    if spot:
        given["spot"] = f"{spot[1]} {spot[0]} 0 5"
    if files:
        given["photo"] = next(iter(files))
    raw = xml_of(one, answers_by_name(one, given), instance=f"uuid:{uuid.uuid4()}")
    if follows:
        raw = raw.replace(
            b"</instanceID>", b"</instanceID><deprecatedID>%s</deprecatedID>" % follows.encode()
        )
    report, _ = accept_report(
        raw=raw,
        by=seat,
        door="web",
        about=(site.kind, site.code) if named else ("", ""),
        at=at,
        files=files,
    )
    work()
    return report


def work() -> None:
    """What the worker does with the events of now."""
    fan_out(WIRING)
    while jobs := claim_jobs("test"):
        run_jobs(jobs, WIRING)
        fan_out(WIRING)
