"""SL 651 message bodies: serial, times, stations and elements with their values.

Source: SL 651-2014, 6.6 and appendix C. An element belongs to the last observation time before
it; a value of FF or M is missing, never zero.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from fangxian.spine.core.clock import BEIJING
from fangxian.spine.observe.elements import Element, elements, elements_by_symbol

from .frame import Frame, FrameError

CONFIGURATION = {f"{code:02X}" for code in range(0x40, 0x52)} - {"46"}
ARRAYS = {"F4": (1, 10, "mm")} | {f"{code:02X}": (2, 100, "m") for code in range(0xF5, 0xFD)}
ARRAY_STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an element at an observed time; None is missing."""

    element: Element
    station: str
    observed_at: datetime | None
    value: float | str | None
    values: tuple[float | None, ...] | None = None
    step: timedelta | None = None
    saturated: bool = False

    def row(self) -> dict[str, Any]:
        found: dict[str, Any] = {"code": self.element.code, "symbol": self.element.symbol}
        found["value"] = self.value if self.values is None else list(self.values)
        found["unit"] = ARRAYS[self.element.code][2] if self.values else self.element.unit
        if self.step is not None:
            found["step_s"] = int(self.step.total_seconds())
        found["observed_at"] = self.observed_at.isoformat() if self.observed_at else None
        return found


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message as it was meant."""

    station: str
    function: str
    centre: int
    serial: int
    sent_at: datetime | None
    station_class: str = ""
    values: list[Value] = field(default_factory=list)
    text: str = ""

    @property
    def observed_at(self) -> datetime | None:
        """The newest observation time, or the sending time of a message without one."""
        times = [v.observed_at for v in self.values if v.observed_at]
        return max(times) if times else self.sent_at

    def row(self) -> dict[str, Any]:
        at = self.observed_at
        return {
            "ok": True,
            "function": self.function,
            "station": self.station,
            "station_class": self.station_class or None,
            "serial": self.serial,
            "sent_at": self.sent_at.isoformat() if self.sent_at else None,
            "observed_at": at.isoformat() if at else None,
            "elements": [value.row() for value in self.values],
        }


def decode_message(frame: Frame) -> Message:
    """What a whole frame or assembled message says. Raises FrameError."""
    return _AsciiBody(frame).read() if frame.ascii else _PackedBody(frame).read()


def _time(digits: str, at: int) -> datetime:
    """YYMMDDHHmm[SS] in Beijing time; years are 2000 to 2099."""
    try:
        return _moment(digits)
    except (ValueError, TypeError):
        raise FrameError("bad_time", at, f"{digits} is no time") from None


@lru_cache(4096)
def _moment(digits: str) -> datetime:
    """All stations of an hour send the same few times."""
    year, *rest = (int(digits[k : k + 2]) for k in range(0, len(digits), 2))
    return datetime(2000 + year, *rest, tzinfo=BEIJING)  # type: ignore[arg-type,misc]


@dataclass(slots=True)
class _Body:
    """What both encodings share: the running station, class and time while values are read."""

    frame: Frame
    at: int = 0
    station: str = ""
    station_class: str = ""
    time: datetime | None = None
    step: timedelta | None = None
    values: list[Value] = field(default_factory=list)
    text: str = ""

    def fail(self, code: str, text: str) -> FrameError:
        return FrameError(code, self.frame.body_at + self.at, text)

    def take(self, n: int) -> bytes:
        if self.at + n > len(self.frame.body):
            raise self.fail("body_truncated", f"body ends {n} bytes too early")
        self.at += n
        return self.frame.body[self.at - n : self.at]

    @property
    def left(self) -> int:
        return len(self.frame.body) - self.at

    def add(self, element: Element, value: float | str | None) -> None:
        self.values.append(Value(element, self.station, self.time, value))

    def add_array(self, code: str, data: bytes) -> None:
        """5-minute values of an hour: FF (FFFF) is missing; rain of FE is the most it can say."""
        size, per_unit, _ = ARRAYS[code]
        bad = 256**size - 1
        raw = [int.from_bytes(data[k : k + size]) for k in range(0, len(data), size)]
        series = tuple(None if v == bad else v / per_unit for v in raw)
        full = code == "F4" and bad - 1 in raw
        self.values.append(
            Value(elements()[code], self.station, self.time, None, series, ARRAY_STEP, full)
        )

    def add_steps(self, element: Element, series: list[float | None]) -> None:
        self.values.append(Value(element, self.station, self.time, None, tuple(series), self.step))

    def message(self, serial: int, sent_at: datetime | None) -> Message:
        return Message(
            station=self.frame.station,
            function=self.frame.function,
            centre=self.frame.centre,
            serial=serial,
            sent_at=sent_at,
            station_class=self.station_class,
            values=self.values,
            text=self.text,
        )


@dataclass(slots=True)
class _PackedBody(_Body):
    """HEX/BCD body."""

    def read(self) -> Message:
        serial = int.from_bytes(self.take(2))
        sent_at = _time(self.take(6).hex(), self.frame.body_at + 2)
        self.station = self.frame.station
        if self.frame.function in CONFIGURATION:
            self.text = self.frame.body[self.at :].hex().upper()
            return self.message(serial, sent_at)
        while self.left:
            self._group()
        return self.message(serial, sent_at)

    def _group(self) -> None:
        guide = f"{self.take(1)[0]:02X}"
        if guide == "FF":
            guide += f"{self.take(1)[0]:02X}"
        definition_at = self.at
        definition = self.take(1)[0]
        if guide == "F1":
            address = self.take(5).hex().upper()
            self.station = address[2:] if address.startswith("00") else address
            if self.left and 0x41 <= self.frame.body[self.at] <= 0x5A and self._class_follows():
                self.station_class = chr(self.take(1)[0])
        elif guide == "F0":
            self.time = _time(self.take(5).hex(), self.frame.body_at + self.at)
        elif guide in {"F2", "F3"}:
            data = self.take(self.left)
            self.text = data.decode("gb18030", "replace") if guide == "F2" else data.hex()
            self.add(elements()[guide], self.text)
        elif guide == "04":
            self._step(self.take(definition >> 3).hex())
        elif guide in ARRAYS:
            self._arrays(guide, definition >> 3)
        elif guide in elements() or guide.startswith("FF"):
            self._value(guide, definition)
        else:
            self.at = definition_at - 1
            raise self.fail("unknown_element", f"guide {guide} is in no table")

    def _class_follows(self) -> bool:
        """The station class byte is followed by a time mark; a bare element is not."""
        rest = self.frame.body[self.at + 1 : self.at + 3]
        if rest == b"\xf0\xf0":
            return True
        return rest in {b"\xf2\xf2", b"\xf3\xf3", b""} or self.frame.function in {
            "32",
            "33",
            "34",
            "31",
            "38",
            "30",
        }

    def _step(self, digits: str) -> None:
        try:
            days, hours, minutes = (int(digits[k : k + 2]) for k in (0, 2, 4))
        except ValueError:
            raise self.fail("bad_bcd", f"time step {digits}") from None
        self.step = timedelta(days=days, hours=hours, minutes=minutes)

    def _arrays(self, guide: str, size: int) -> None:
        size = size or (12 if guide == "F4" else 24)
        if size % ARRAYS[guide][0]:
            raise self.fail("bad_definition", f"{size} bytes cannot be a row of {guide}")
        self.add_array(guide, self.take(size))
        while self.step and self.frame.function in {"31", "38"} and self.left >= size:
            if self.time:
                self.time += ARRAY_STEP * (size // ARRAYS[guide][0])
            self.add_array(guide, self.take(size))

    def _value(self, guide: str, definition: int) -> None:
        size, decimals = definition >> 3, definition & 7
        element = elements().get(guide) or Element(
            guide, guide, "自定义", "private", "", None, None
        )
        if not size:
            raise self.fail("bad_definition", f"element {guide} has no length")
        if guide == "45":
            self.add(element, self.take(size).hex().upper())
        elif self.step and self.frame.function in {"31", "38"}:
            series = []
            while self.left >= size:
                series.append(self._number(self.take(size), decimals))
            if self.left:
                raise self.fail("body_truncated", "the last value of the row is cut off")
            self.add_steps(element, series)
        else:
            self.add(element, self._number(self.take(size), decimals))

    def _number(self, data: bytes, decimals: int) -> float | None:
        """BCD: all F is missing; a leading FF is the minus sign."""
        digits = data.hex()
        if not digits.strip("f"):
            return None
        negative = digits.startswith("ff")
        digits = digits[2:] if negative else digits
        if not digits.isdigit():
            self.at -= len(data)
            raise self.fail("bad_bcd", f"{data.hex().upper()} is not BCD")
        value: float = int(digits) / 10**decimals
        return -value if negative else value


@dataclass(slots=True)
class _AsciiBody(_Body):
    """ASCII body: identifier, space, datum, space."""

    def read(self) -> Message:
        serial_text, time_text = self.take(4).decode("ascii", "replace"), self.take(12)
        try:
            serial = int(serial_text, 16)
        except ValueError:
            raise self.fail("bad_character", f"serial {serial_text!r}") from None
        sent_at = _time(time_text.decode("ascii", "replace"), self.frame.body_at + 4)
        self.station = self.frame.station
        if self.frame.function in CONFIGURATION:
            self.text = self.frame.body[self.at :].decode("ascii", "replace")
            return self.message(serial, sent_at)
        while self.left:
            self._group()
        return self.message(serial, sent_at)

    def _word(self) -> str:
        end = self.frame.body.find(b" ", self.at)
        if end < 0:
            raise self.fail("body_truncated", "the last datum lacks its closing space")
        word = self.frame.body[self.at : end]
        self.at = end + 1
        if not word.isascii():
            raise self.fail("bad_character", f"{word!r} is not ASCII")
        return word.decode("ascii")

    def _group(self) -> None:
        symbol_at = self.at
        symbol = self._word().upper()
        if not symbol:
            return
        if symbol == "ST":
            address = self._word()
            self.station = address[2:] if address.startswith("00") else address
            self.station_class = self._word()[:1]
        elif symbol == "TT":
            self.time = _time(self._word(), self.frame.body_at + self.at)
        elif symbol in {"RGZS", "PIC"}:
            self.text = self.take(self.left).decode("gb18030", "replace")
            self.add(elements_by_symbol()[symbol], self.text)
        elif step := re.fullmatch(r"DR([DHN])(\d\d)", symbol):
            unit = {"D": "days", "H": "hours", "N": "minutes"}[step[1]]
            self.step = timedelta(**{unit: int(step[2])})
            if self.frame.function in {"31", "38"} and self.step:
                self._rows()
        elif symbol in elements_by_symbol():
            self._value(elements_by_symbol()[symbol])
        else:
            self.at = symbol_at
            raise self.fail("unknown_element", f"{symbol!r} is in no table")

    def _value(self, element: Element) -> None:
        at, word = self.at, self._word()
        if element.code in ARRAYS:
            try:
                self.add_array(element.code, bytes.fromhex(word))
            except ValueError:
                raise FrameError("bad_character", self.frame.body_at + at, word) from None
        elif element.code == "45":
            self.add(element, word)
        else:
            self.add(element, self._number(word, at))

    def _number(self, word: str, at: int) -> float | None:
        if word == "M":
            return None
        if not re.fullmatch(r"[+-]?\d+(\.\d*)?|[+-]?\.\d+", word):
            raise FrameError("bad_number", self.frame.body_at + at, f"{word!r} is no number")
        return float(word)

    def _rows(self) -> None:
        """Uniform report: identifiers once, then their values step by step."""
        head: list[Element] = []
        while self.left:
            at = self.at
            word = self._word().upper()
            if word not in elements_by_symbol():
                self.at = at
                break
            head.append(elements_by_symbol()[word])
        if head and head[0].code in ARRAYS:
            while self.left:
                self._value(head[0])
                if self.time:
                    self.time += ARRAY_STEP * 12
            return
        columns: list[list[float | None]] = [[] for _ in head]
        while self.left and head:
            for column in columns:
                at = self.at
                column.append(self._number(self._word(), at))
        for element, column in zip(head, columns, strict=True):
            self.add_steps(element, column)
