"""Whether what sensors of an event say is right."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .moments import URI, at, is_number, moment
from .shape import NUMBERS, Event, Fault, words

Found = Iterator[Fault]
NAME = re.compile(r"[A-Z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", re.ASCII)
HEX = re.compile(r"[0-9A-Fa-f]+", re.ASCII)


def judge_sensors(event: Event, path: str) -> Found:
    held = event.get("sensorElementList")
    for n, one in enumerate(held if isinstance(held, list) else ()):
        where = at(path, f"sensorElementList[{n}]")
        if not isinstance(one, Mapping):
            yield Fault("field_type", where, "应为对象 / must be an object")
            continue
        reports = one.get("sensorReport")
        if not reports or not isinstance(reports, list):
            yield Fault("missing_mandatory", at(where, "sensorReport"), "没有测值 / no report")
            continue
        metadata = one.get("sensorMetadata", {})
        if isinstance(metadata, Mapping):
            yield from _sensor_times(metadata, at(where, "sensorMetadata"))
        else:
            yield Fault("field_type", at(where, "sensorMetadata"), "应为对象 / must be an object")
        for m, report in enumerate(reports):
            yield from _sensor_report(report, f"{where}.sensorReport[{m}]")


def _sensor_times(held: Mapping[str, Any], path: str) -> Found:
    for name in ("time", "startTime", "endTime"):
        if name in held and not moment(held[name]):
            text = f"“{held[name]}” 不是带时区的时间 / no time with an offset"
            yield Fault("time_format", at(path, name), text)


def _sensor_report(report: Any, path: str) -> Found:
    if not isinstance(report, Mapping):
        yield Fault("field_type", path, "应为对象 / must be an object")
        return
    # a report that only tells of an exception measures nothing: EPCIS 2.0, 7.3.7.3
    if not report.get("type") and not report.get("exception"):
        yield Fault("missing_mandatory", at(path, "type"), "没有说测的是什么 / what is measured?")
    kinds = (("type", "measurement"), ("exception", "exception"), ("component", "component"))
    for name, kind in kinds:
        value = report.get(name)
        if value is None or (isinstance(value, str) and value in words()[kind]):
            continue
        # what is measured grows without the standard: names of that shape are taken
        named = isinstance(value, str) and (
            URI.fullmatch(value) or (kind == "measurement" and NAME.fullmatch(value))
        )
        if not named:
            text = f"标准词表没有 “{value}” / not a word of the standard"
            yield Fault(f"cbv_{kind}", at(path, name), text)
    for name in NUMBERS:
        if name in report and not is_number(report[name]):
            text = f"“{report[name]}” 不是数 / is no number"
            yield Fault("quantity_type", at(path, name), text)
    for name in ("stringValue", "uom"):
        if name in report and not isinstance(report[name], str):
            yield Fault("field_type", at(path, name), "应为文字 / must be text")
    if "hexBinaryValue" in report and not HEX.fullmatch(str(report["hexBinaryValue"])):
        yield Fault("field_type", at(path, "hexBinaryValue"), "应为十六进制 / must be hexadecimal")
    if "booleanValue" in report and not isinstance(report["booleanValue"], bool):
        yield Fault("field_type", at(path, "booleanValue"), "应为 true 或 false / must be either")
    yield from _sensor_times(report, path)
