"""FHIR R4B bundles: visits (Encounter with its Conditions) and results (Observation). Each resource
is judged by itself, its required codes too, which the library lets through."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from fangxian.spine.core import clock
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.people.matching import Record

from .clinical import NOBODY, RefusedError, Told, first, needed
from .codes import TEST, VISIT

# required bindings of R4B (4.3.0) for what is read
REQUIRED = {
    "Bundle.type": "document message transaction transaction-response batch batch-response history "
    "searchset collection",
    "Encounter.status": "planned arrived triaged in-progress onleave finished cancelled "
    "entered-in-error unknown",
    "Observation.status": "registered preliminary final amended corrected cancelled "
    "entered-in-error unknown",
    "Patient.gender": "male female other unknown",
}
NOT_YET = {"planned", "registered", "preliminary", "unknown"}
VOID = {"cancelled", "entered-in-error"}
SEX = {"male": "M", "female": "F"}
READ = ("Encounter", "Observation", "Condition", "Patient", "Organization")


def looks_like_fhir(content: Any) -> bool:
    return isinstance(content, dict) and "resourceType" in content


def read_bundle(content: Mapping[str, Any]) -> Iterator[Told | RefusedError]:
    """What a bundle tells, resource by resource; what is wrong comes as the reason. Raises
    RefusedError where it is no bundle."""
    if content.get("resourceType") != "Bundle":
        kind = content.get("resourceType")
        raise RefusedError(f"resourceType: {kind} is not taken; a Bundle is")
    _bound("Bundle", "Bundle", "type", content.get("type"))
    entries = content.get("entry")
    if not isinstance(entries, list):
        raise RefusedError("Bundle.entry: a list")
    made = content.get("timestamp")
    at = _moment("Bundle.timestamp", made) if made else clock.now()
    known: dict[str, Any] = {}
    told: list[tuple[str, Any]] = []
    for n, entry in enumerate(entries):
        where = f"Bundle.entry[{n}].resource"
        given = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(given, dict) or given.get("resourceType") not in READ:
            continue  # not for us
        try:
            resource = _resource(where, given)
        except RefusedError as error:
            yield error
            continue
        known[f"{given['resourceType']}/{given.get('id', '')}"] = resource
        if entry.get("fullUrl"):
            known[str(entry["fullUrl"])] = resource
        told.append((where, resource))
    for where, one in told:
        kind = one.get_resource_type()
        try:
            if kind == "Encounter":
                yield from _visit(where, one, told, known, at)
            elif kind == "Observation":
                yield from _result(where, one, known, at)
        except RefusedError as error:
            yield error
        except ArithmeticError as error:  # a time before the first or after the last
            yield RefusedError(f"{where}: {error}")


def _resource(where: str, given: Mapping[str, Any]) -> Any:
    from fhir.resources.R4B import get_fhir_model_class
    from pydantic import ValidationError

    kind = given["resourceType"]
    try:
        found = get_fhir_model_class(kind).model_validate_json(json.dumps(given))
    except ValidationError as error:
        one = error.errors()[0]
        path = ".".join(str(part) for part in one["loc"])
        raise RefusedError(f"{where}.{path}: {one['msg']}"[:300]) from None
    for name in ("status", "gender"):
        if f"{kind}.{name}" in REQUIRED and (name == "status" or getattr(found, name)):
            _bound(where, kind, name, getattr(found, name))
    return found


def _bound(where: str, kind: str, name: str, value: object) -> None:
    known = REQUIRED[f"{kind}.{name}"].split()
    if value not in known:
        raise RefusedError(f"{where}.{name}: {value} is none of {', '.join(known)}")


def _visit(
    where: str, one: Any, told: list[tuple[str, Any]], known: Mapping[str, Any], at: datetime
) -> Iterator[Told]:
    if one.status in NOT_YET:
        return
    site = _organisation(one.serviceProvider, known)
    number = _number(one)
    begun = one.period.start if one.period else None
    needed(
        where,
        {"serviceProvider": site, "identifier": number, "period.start": str(begun or "")},
    )
    codes = _codes(one.reasonCode)
    for row in one.diagnosis or ():
        condition = known.get(row.condition.reference or "")
        if condition is not None and condition.get_resource_type() == "Condition":
            codes += _codes([condition.code] if condition.code else ())
    mine = {f"Encounter/{one.id}"} | {k for k, v in known.items() if v is one}
    for _, other in told:
        if other.get_resource_type() == "Condition" and other.encounter and other.code:
            codes += _codes([other.code]) if other.encounter.reference in mine else []
    patient, who = _patient(one.subject, known)
    yield Told(
        where,
        VISIT,
        site,
        number,
        clock.beijing(_aware(begun)).date(),
        at,
        icd10=tuple(codes),
        inpatient=one.class_fhir.code == "IMP",
        patient=patient,
        who=who,
        void=one.status in VOID,
    )


def _result(where: str, one: Any, known: Mapping[str, Any], at: datetime) -> Iterator[Told]:
    if one.status in NOT_YET:
        return
    performers = [_organisation(row, known) for row in one.performer or ()]
    site, number = first(performers), _number(one)
    when = one.effectiveDateTime or one.issued
    needed(where, {"performer": site, "identifier": number, "effectiveDateTime": str(when or "")})
    words = [code for row in one.interpretation or () for code in _codes([row])]
    words += _codes([one.valueCodeableConcept]) if one.valueCodeableConcept else []
    words += [one.valueString] if one.valueString else []
    patient, who = _patient(one.subject, known)
    yield Told(
        where,
        TEST,
        site,
        number,
        clock.beijing(_aware(when)).date(),
        at,
        loinc=tuple(_codes([one.code])),
        words=tuple(words),
        patient=patient,
        who=who,
        void=one.status in VOID,
    )


def _codes(concepts: Any) -> list[str]:
    rows = [coding for concept in concepts or () for coding in concept.coding or ()]
    texts = [concept.text for concept in concepts or () if concept.text]
    return [row.code for row in rows if row.code] + texts


def _number(one: Any) -> str:
    values = [row.value for row in one.identifier or () if row.value]
    return first([*values, one.id or ""])


def _organisation(reference: Any, known: Mapping[str, Any]) -> str:
    """The site's code: of the identifier, of the organisation in the bundle, or of the address."""
    if reference is None:
        return ""
    if reference.identifier is not None and reference.identifier.value:
        return str(reference.identifier.value)
    named = reference.reference or ""
    found = known.get(named)
    if found is not None and found.get_resource_type() == "Organization":
        return _number(found)
    return named.removeprefix("Organization/") if named.startswith("Organization/") else ""


def _patient(reference: Any, known: Mapping[str, Any]) -> tuple[str, Record]:
    if reference is None:
        return "", NOBODY
    found = known.get(reference.reference or "")
    if found is None or found.get_resource_type() != "Patient":
        return reference.reference or "", NOBODY
    name = found.name[0] if found.name else None
    parts = [name.family or "", *(name.given or ())] if name else []
    chinese = any("一" <= c <= "鿿" for part in parts for c in part)
    phones = [row.value for row in found.telecom or () if row.system == "phone" and row.value]
    who = Record(
        name=(name.text if name and name.text else ("" if chinese else " ").join(parts).strip()),
        sex=SEX.get(found.gender or "", ""),
        birth=str(found.birthDate or ""),
        id_number=first(row.value for row in found.identifier or () if row.value),
        phone=first(phones),
    )
    return _number(found), who


def _aware(when: Any) -> datetime:
    """A date or a time of FHIR; one without an offset is Beijing time."""
    if not isinstance(when, datetime):
        return datetime(when.year, when.month, when.day, tzinfo=BEIJING)
    return when if when.tzinfo else when.replace(tzinfo=BEIJING)


def _moment(where: str, text: object) -> datetime:
    try:
        return _aware(datetime.fromisoformat(str(text)))
    except (ArithmeticError, ValueError):
        raise RefusedError(f"{where}: {text} is no time") from None
