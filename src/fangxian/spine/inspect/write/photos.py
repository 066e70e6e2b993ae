"""Photos of visits: when they were taken, and whether one is that of another visit."""

import io
import struct
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Q

from fangxian.kernels.common.picture import bits_apart, difference_hash
from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.guard import Failed, alone
from fangxian.spine.core.rights import SYSTEM, Seat, require
from fangxian.spine.inspect.models import Photo, Visit
from fangxian.spine.inspect.rounds import rules
from fangxian.spine.observe.models import ReportFile
from fangxian.spine.observe.reports.write import file_of

from .visits import PHOTO_OLD, PHOTO_SAME

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
A_ROUND = 50
OLDEST = 1990  # a camera that says less has lost its clock
UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    OverflowError,
    KeyError,
    IndexError,
    TypeError,
    struct.error,
)
UNREAD = {"hash": "", "band0": 0, "band1": 0, "band2": 0, "band3": 0}
TAKEN = 36867  # EXIF DateTimeOriginal
DETAILS = 34665  # the EXIF block it stands in


def look_at_photos() -> int:
    """Fingerprint the pictures of visits that came since; how many."""
    rows = ReportFile.objects.filter(report__visit__isnull=False, photo__isnull=True)
    pictures = Q(pk__in=[])
    for ending in PICTURES:
        pictures |= Q(name__iendswith=ending)
    found = list(rows.filter(pictures).select_related("report__visit")[:A_ROUND])
    for file in found:
        take = partial(take_photo, file=file, visit=file.report.visit, by=SYSTEM)
        if isinstance(
            alone("photo", str(file.pk), take), Failed
        ):  # kept with its reason; no other waits
            Photo.objects.create(file=file, visit=file.report.visit, **UNREAD)
    return len(found)


@transaction.atomic
def take_photo(*, file: ReportFile, visit: Visit, by: Seat) -> Photo:
    """Keep a picture's fingerprint, and flag its visit where another has the same one or it was
    taken at another time. A picture that cannot be read has none and is no fault of anybody."""
    require(by, "report.make_for", place=visit.place.path)
    limits = rules(visit.at)
    key, taken = _read(file)
    photo = Photo(file=file, visit=visit, taken_at=taken)
    photo.hash = "" if key is None else f"{key:016x}"
    bands = [0] * 4 if key is None else [key >> (16 * k) & 0xFFFF for k in range(4)]
    photo.band0, photo.band1, photo.band2, photo.band3 = bands
    flags = list(visit.flags)
    if taken and abs(taken - visit.at) > timedelta(hours=limits.visit["photo_h"]):
        flags.append(PHOTO_OLD)
    if key is not None and _seen_before(key, bands, visit, int(limits.visit["same_bits"])):
        flags.append(PHOTO_SAME)
    photo.save()
    if flags != visit.flags:
        # a new doubt is for a person, whoever looked before
        told = {"flags": list(dict.fromkeys(flags)), "looked_at": None}
        Visit.objects.filter(pk=visit.pk).update(**told)
        visit.refresh_from_db()
    return photo


def _seen_before(key: int, bands: list[int], visit: Visit, most: int) -> bool:
    alike = Q(band0=bands[0]) | Q(band1=bands[1]) | Q(band2=bands[2]) | Q(band3=bands[3])
    others = Photo.objects.filter(alike).exclude(visit=visit).exclude(hash="")
    return any(
        bits_apart(key, int(text, 16)) <= most for text in others.values_list("hash", flat=True)
    )


def _read(file: ReportFile) -> tuple[int | None, datetime | None]:
    """Fingerprint and time of a picture; None for what it does not have, and for one that is lost
    or cannot be read. One colour throughout has no fingerprint: all such would be the same."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(file_of(file).read_bytes())) as picture:
            taken = _taken(picture)
            picture.draft("L", (256, 256))  # a JPEG is decoded no larger than needed
            grey = np.asarray(picture.convert("L"), float)
    except UNREADABLE:
        return None, None
    except Image.DecompressionBombError:
        return None, None
    if min(grey.shape) < 9 or float(grey.std()) < 2:
        return None, taken
    return difference_hash(grey=grey), taken


def _taken(picture: Any) -> datetime | None:
    text = str(picture.getexif().get_ifd(DETAILS).get(TAKEN, ""))
    try:
        at = datetime.strptime(text, "%Y:%m:%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:
        return None
    return at if at.year > OLDEST else None
