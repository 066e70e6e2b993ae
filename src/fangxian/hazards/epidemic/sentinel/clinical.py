"""What clinical messages tell, whatever their format: a visit or a test at a site, its day, its
codes. Who it was stays out, but for a disease that asks for a case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from fangxian.spine.people.matching import Record

NOBODY = Record()


class RefusedError(ValueError):
    """Why one message, or one part of it, cannot be taken; it begins with the place."""


@dataclass(frozen=True, slots=True)
class Told:
    """One visit or test as a message has it. ``number`` names it at its site, ``at`` is when the
    message was made: an older one never undoes a newer one. ``patient`` names the person at the
    site. ``void``: it was entered in error or cancelled."""

    where: str
    kind: str
    site: str
    number: str
    day: date
    at: datetime
    icd10: tuple[str, ...] = ()
    inpatient: bool = False
    loinc: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    patient: str = ""
    who: Record = NOBODY
    void: bool = False


def needed(where: str, row: Mapping[str, str]) -> None:
    """Raises RefusedError for the first of a row's texts that is empty."""
    for name, text in row.items():
        if not text:
            raise RefusedError(f"{where} {name}: is missing")


def first(texts: Iterable[str]) -> str:
    """The first that is not empty."""
    return next((text for text in texts if text), "")
