"""Daily health of people under measures: a report by the form ``health_daily`` about the arrival,
made by himself on his own link or by who visits him. A fever is a signal."""

import re
import unicodedata
import uuid

from django.core import signing
from django.db import transaction

from fangxian.hazards.epidemic.arrivals import models as m
from fangxian.hazards.epidemic.arrivals.rights import asked
from fangxian.hazards.epidemic.arrivals.rules import clocks
from fangxian.spine.assess.rules import Finding
from fangxian.spine.assess.write import settle
from fangxian.spine.core import clock
from fangxian.spine.core.events import subject_pk
from fangxian.spine.core.levels import Level
from fangxian.spine.core.models import Event
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.observe.models import Report
from fangxian.spine.observe.reports.read import form as the_form
from fangxian.spine.observe.reports.write import accept_report, answers_by_name, xml_of

from .handing import holders_of
from .testing import FEVER

FORM, KIND, SALT = "health_daily", "arrival", "arrival.health"


def link_of(arrival: m.Arrival) -> str:
    """The way of somebody's own page: it names nobody and needs no account."""
    return f"/h/{signing.dumps(arrival.pk, salt=SALT)}"


def arrival_of_link(token: str) -> m.Arrival:
    """Whose link it is: it lasts as long as his measures. Raises ``not_found`` for one that is
    wrong, or of somebody who is under measures no more."""
    try:
        key = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise Problem("not_found", what="链接 / link") from None
    rows = m.Arrival.objects.filter(pk=key, state__in=m.HERE)
    found = rows.select_related("person", "place").first()
    if found is None:
        raise Problem("not_found", what="链接 / link")
    return found


@transaction.atomic
def report_health(
    *,
    arrival: m.Arrival,
    temperature: str,
    by: Seat,
    symptoms: str = "",
    door: str = "phone",
    instance: str = "",
) -> Report:
    """His temperature and symptoms of today, said by himself on his own page (the system's seat) or
    by who visits him. Taken once by its instance."""
    require(by, "arrival.visit", **asked(arrival, by))
    temperature = _degrees(temperature)
    form = the_form(FORM)
    given = answers_by_name(form, {"temperature": temperature, "symptoms": symptoms})
    holding = holders_of([arrival.pk]).get(arrival.pk)
    raw = xml_of(form, given, instance=instance or f"uuid:{uuid.uuid4()}")
    report, _ = accept_report(
        raw=raw,
        by=by,
        door=door,
        about=(KIND, str(arrival.pk)),
        at=clock.now(),
        post=holding.post if holding else None,
    )
    return report


def _degrees(text: str) -> str:
    """A temperature as the form takes it. Raises ``input.invalid`` for what is none: nobody is
    thanked for nothing."""
    clean = unicodedata.normalize("NFKC", text).replace("℃", "").replace("°C", "").replace(",", ".")
    found = re.fullmatch(r"(3[4-9]|4[0-3])(\.\d{1,2})?", clean.strip())
    if found is None:
        why = f"“{text[:12]}”不是体温，应为 34–43 / is no temperature from 34 to 43"
        raise Problem("input.invalid", field="temperature", why=why)
    return clean.strip()


def take_health(event: Event) -> None:
    """A fever of somebody under measures is a signal about him, by the limits in force."""
    report = Report.objects.select_related("form").get(pk=subject_pk(event))
    if report.form.code != FORM or report.about_kind != KIND or not report.about_key.isdecimal():
        return
    arrival = m.Arrival.objects.filter(pk=int(report.about_key)).first()
    value = _temperature(report)
    if arrival is None or value is None:
        return
    low, high = clocks(report.at).fever_c
    level = Level.II if value >= high else Level.III if value >= low else None
    if arrival.state not in m.HERE:
        return
    finding = Finding(
        family=FEVER,
        hazard="epidemic",
        about=(KIND, str(arrival.pk)),
        name=f"{arrival.person} 发热",
        place_id=arrival.place_id,
        at=report.at,
        level=level,
        kept=level,
        value=value,
        rule=f"{FEVER} ≥ {low}/{high}",
        group=FEVER,
        evidence={"zh": f"体温 {value:.1f} ℃", "en": f"{value:.1f} °C"},
    )
    settle([finding], by=SYSTEM)


def _temperature(report: Report) -> float | None:
    for path, text in report.answers.items():
        if path.rsplit("/", 1)[-1] == "temperature":
            try:
                return float(text)
            except ValueError:
                return None
    return None


def reported_on(keys: list[int], since: object, until: object) -> set[int]:
    """Of these arrivals those with a health report in a span."""
    found: set[int] = set()
    for at in range(0, len(keys), 900):
        part = [str(key) for key in keys[at : at + 900]]
        rows = Report.objects.filter(
            form__code=FORM, about_kind=KIND, about_key__in=part, at__gte=since, at__lt=until
        )
        found.update(int(key) for key in rows.values_list("about_key", flat=True))
    return found
