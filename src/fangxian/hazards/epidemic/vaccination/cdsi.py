"""Reads the rules of an authority from files in the form of the CDC's supporting data (CDSi): one
XML of antigens a file, and one of the schedule. What they mean is in kernels.vaccine."""

from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypedDict

from lxml import etree

from fangxian.kernels.vaccine.rules import (
    Against,
    Age,
    Antigen,
    Condition,
    Conflict,
    Dose,
    Indication,
    Interval,
    Period,
    Product,
    Rules,
    Series,
    Skip,
    SkipSet,
)
from fangxian.kernels.vaccine.tables import COMPARES, KINDS, SEXES
from fangxian.spine.core.problems import Problem

from .judging import EPOCH
from .spans import period

Element = etree._Element  # lxml names its element so
MOST_BYTES = 30_000_000  # of a file; the largest known has half a million


class _Schedule(TypedDict):
    groups: dict[str, tuple[str, ...]]
    whole_groups: frozenset[str]
    vaccines: dict[str, tuple[Against, ...]]
    conflicts: tuple[Conflict, ...]
    names: dict[str, str]


def _text(of: Element, name: str) -> str:
    said = of.text if name == "." else of.findtext(name)
    return " ".join((said or "").split())


def _day(of: Element, name: str) -> int | None:
    """A day as days since 1970-01-01."""
    text = _text(of, name)
    if not text or text.lower() == "n/a":
        return None
    form = "%m/%d/%Y" if "/" in text else "%Y%m%d"
    try:
        found = datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise ValueError(f"line {of.sourceline}, {name}: {text!r} is not a day") from None
    return (found - EPOCH).days


def _number(of: Element, name: str, default: int) -> int:
    text = _text(of, name)
    if not text or text.lower() == "n/a":
        return default
    if not text.isdigit():
        raise ValueError(f"line {of.sourceline}, {name}: {text!r} is not a number")
    return int(text)


def _word(of: Element, name: str, known: Collection[str], default: str) -> str:
    text = _text(of, name).lower() or default
    if text not in known:
        raise ValueError(f"line {of.sourceline}, {name}: {text!r} is none of {', '.join(known)}")
    return text


def _span(of: Element, name: str) -> Period | None:
    try:
        return period(_text(of, name))
    except ValueError as error:
        raise ValueError(f"line {of.sourceline}, {name}: {error}") from None


def _need(of: Element, name: str) -> Period:
    found = _span(of, name)
    if found is None:
        raise ValueError(f"<{of.tag}> on line {of.sourceline} has no {name}")
    return found


def _filled(of: Element, name: str) -> Iterator[Element]:
    """Elements of that name that say something: an empty one means that there is none."""
    return (one for one in of.findall(name) if len(one))


def _codes(text: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in text.split(";") if code.strip())


def _yes(of: Element, name: str) -> bool:
    return _text(of, name).lower() in ("yes", "y")


def _since(of: Element) -> tuple[int | None, int | None]:
    return _day(of, "effectiveDate"), _day(of, "cessationDate")


def _age(of: Element) -> Age:
    since, until = _since(of)
    return Age(
        absolute=_span(of, "absMinAge"),
        minimum=_span(of, "minAge"),
        earliest=_span(of, "earliestRecAge"),
        latest=_span(of, "latestRecAge"),
        maximum=_span(of, "maxAge"),
        since=since,
        until=until,
    )


def _interval(of: Element) -> Interval:
    observed = of.find("fromRelevantObs")
    return Interval(
        previous=_yes(of, "fromPrevious"),
        target=_number(of, "fromTargetDose", 0) or None,
        recent=_codes(_text(of, "fromMostRecent").replace("n/a", "")),
        observation=None if observed is None else _text(observed, "code") or None,
        absolute=_span(of, "absMinInt"),
        minimum=_span(of, "minInt"),
        earliest=_span(of, "earliestRecInt"),
        latest=_span(of, "latestRecInt"),
        override=_text(of, "intervalPriority").lower() == "override",
        since=_since(of)[0],
        until=_since(of)[1],
    )


def _product(of: Element) -> Product:
    return Product(_text(of, "cvx"), _text(of, "mvx"), _span(of, "beginAge"), _span(of, "endAge"))


def _condition(of: Element) -> Condition:
    return Condition(
        kind=_word(of, "conditionType", KINDS, ""),
        since=_day(of, "startDate"),
        until=_day(of, "endDate"),
        begin=_span(of, "beginAge"),
        end=_span(of, "endAge"),
        interval=_span(of, "interval"),
        count=_number(of, "doseCount", 0),
        valid_only=_text(of, "doseType").lower() == "valid",
        compare=_word(of, "doseCountLogic", COMPARES, "equal to"),
        vaccines=_codes(_text(of, "vaccineTypes").replace("n/a", "")),
        groups=tuple(map(int, _codes(_text(of, "seriesGroups").replace("n/a", "")))),
    )


def _skip(of: Element) -> Skip:
    context = _text(of, "context").lower()
    return Skip(
        sets=tuple(
            SkipSet(
                tuple(map(_condition, one.findall("condition"))),
                _text(one, "conditionLogic").upper() != "OR",
                *_since(one),
            )
            for one in of.findall("set")
        ),
        evaluation=context in ("evaluation", "both"),
        forecast=context in ("forecast", "both"),
        all_of=_text(of, "setLogic").upper() == "AND",
    )


def _dose(of: Element) -> Dose:
    season = next(_filled(of, "seasonalRecommendation"), None)
    return Dose(
        ages=tuple(map(_age, _filled(of, "age"))),
        intervals=tuple(map(_interval, _filled(of, "interval"))),
        allowable_intervals=tuple(map(_interval, _filled(of, "allowableInterval"))),
        preferable=tuple(map(_product, _filled(of, "preferableVaccine"))),
        allowable=tuple(map(_product, _filled(of, "allowableVaccine"))),
        inadvertent=tuple(_text(one, "cvx") for one in _filled(of, "inadvertentVaccine")),
        skips=tuple(map(_skip, _filled(of, "conditionalSkip"))),
        recurring=_yes(of, "recurringDose"),
        season=(None, None)
        if season is None
        else (_day(season, "startDate"), _day(season, "endDate")),
    )


def _sign(of: Element, code: str = "observationCode") -> Indication:
    return Indication(_text(of, code), _span(of, "beginAge"), _span(of, "endAge"))


def _series(of: Element) -> Series:
    chosen = of.find("selectSeries")
    if chosen is None:
        raise ValueError(f"<series> on line {of.sourceline} has no selectSeries")
    equivalent = _text(of, "equivalentSeriesGroups").replace("n/a", "")
    return Series(
        name=_text(of, "seriesName"),
        antigen=_text(of, "targetDisease"),
        vaccine_group=_text(of, "vaccineGroup"),
        kind=_text(of, "seriesType"),
        doses=tuple(map(_dose, of.findall("seriesDose"))),
        sexes=frozenset(
            _word(one, ".", SEXES, "") for one in of.findall("requiredGender") if one.text
        ),
        default=_yes(chosen, "defaultSeries"),
        product_path=_yes(chosen, "productPath"),
        group=_number(chosen, "seriesGroup", 1),
        equivalent=tuple(map(int, _codes(equivalent))),
        priority=_text(chosen, "seriesPriority"),
        preference=_number(chosen, "seriesPreference", 1),
        min_start=_span(chosen, "minAgeToStart"),
        max_start=_span(chosen, "maxAgeToStart"),
        indications=tuple(
            Indication(
                _text(one, "observationCode/code"), _span(one, "beginAge"), _span(one, "endAge")
            )
            for one in _filled(of, "indication")
        ),
    )


def _antigen(root: Element) -> Antigen:
    series = tuple(map(_series, root.findall("series")))
    if not series:
        raise ValueError("no series")
    born = root.find("immunity/dateOfBirth")
    against = root.findall("contraindications/vaccine/contraindication")
    return Antigen(
        name=series[0].antigen,
        series=series,
        immune_born_before=None if born is None else _day(born, "immunityBirthDate"),
        immune_unless=frozenset(
            _text(one, "exclusionCode") for one in root.iterfind(".//exclusion") if len(one)
        ),
        immune_by=frozenset(
            _text(one, "guidelineCode")
            for one in root.iterfind("immunity/clinicalHistory")
            if len(one)
        ),
        barred=tuple(map(_sign, root.iterfind("contraindications/vaccineGroup/contraindication"))),
        barred_products=tuple(
            (_sign(one), tuple(_text(v, "cvx") for v in one.iterfind("contraindicatedVaccine")))
            for one in against
        ),
    )


def _schedule(root: Element) -> _Schedule:
    groups = {
        _text(one, "name"): tuple((a.text or "").strip() for a in one.findall("antigen"))
        for one in root.iterfind("vaccineGroupToAntigenMap/vaccineGroupMap")
    }
    whole = frozenset(
        _text(one, "name")
        for one in root.iterfind("vaccineGroups/vaccineGroup")
        if _yes(one, "administerFullVaccineGroup")
    )
    vaccines, names = {}, {}
    for one in root.iterfind("cvxToAntigenMap/cvxMap"):
        names[_text(one, "cvx")] = _text(one, "shortDescription")
        vaccines[_text(one, "cvx")] = tuple(
            Against(
                _text(a, "antigen"), _span(a, "associationBeginAge"), _span(a, "associationEndAge")
            )
            for a in one.findall("association")
        )
    conflicts = tuple(
        Conflict(
            _text(one, "previous/cvx"),
            _text(one, "current/cvx"),
            _need(one, "conflictBeginInterval"),
            _need(one, "minConflictEndInterval"),
            _need(one, "conflictEndInterval"),
        )
        for one in root.iterfind("liveVirusConflicts/liveVirusConflict")
    )
    return _Schedule(
        groups=groups, whole_groups=whole, vaccines=vaccines, conflicts=conflicts, names=names
    )


def _root(path: Path) -> Element:
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    return etree.fromstring(path.read_bytes(), parser)


def read_rules(folder: Path) -> Rules:
    """The rules that the XML files of a folder say. Raises ``schedule.unreadable`` with the file,
    the line and what is wrong there; ``schedule.empty`` when there is no schedule among them."""
    antigens: list[Antigen] = []
    schedule: _Schedule | None = None
    for path in sorted(folder.glob("*.xml")):
        root = None
        try:
            root = _root(path)
            if root.tag == "scheduleSupportingData":
                schedule = _schedule(root)
            elif root.tag == "antigenSupportingData":
                antigens.append(_antigen(root))
            else:
                raise ValueError(f"<{root.tag}> is neither antigenSupportingData nor a schedule")
        except (ValueError, etree.XMLSyntaxError) as error:
            raise Problem("schedule.unreadable", file=path.name, why=str(error)) from None
    if schedule is None or not antigens:
        raise Problem("schedule.empty", folder=folder.name)
    known = {one.name for one in antigens}
    return Rules(
        antigens=tuple(antigens),
        groups={name: of for name, of in schedule["groups"].items() if known.issuperset(of) and of},
        whole_groups=schedule["whole_groups"],
        vaccines={
            code: tuple(one for one in of if one.antigen in known)
            for code, of in schedule["vaccines"].items()
        },
        conflicts=schedule["conflicts"],
        names=schedule["names"],
    )
