"""SL 651 messages of several packets (mode M3), put together. Frames are in frame.py."""

from dataclasses import dataclass, field, replace

from .frame import ETX, Frame

OPEN_FOR_S = 60.0  # a packet asked for again comes within seconds, the next report after minutes
MOST_OPEN = 1000  # messages of one line
MOST_ASKED = 32  # packets at once: a line whose answers nobody reads must not fill our memory


@dataclass(slots=True)
class Whole:
    """A whole message: its frame, and the bytes of every packet it was made of."""

    frame: Frame
    raw: bytes


@dataclass(slots=True)
class _Parts:
    """The packets of one message that have come so far."""

    total: int
    newest_s: float
    packets: dict[int, tuple[Frame, bytes]] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    last_seen: bool = False

    @property
    def whole(self) -> bool:
        return len(self.packets) == self.total

    @property
    def missing(self) -> list[int]:
        return [n for n in range(1, self.total + 1) if n not in self.packets]

    @property
    def raw(self) -> bytes:
        return b"".join(raw for _, (_, raw) in sorted(self.packets.items()))


@dataclass(frozen=True, slots=True)
class Broken:
    """A message that was never completed, with what came of it."""

    station: str
    function: str
    total: int
    missing: list[int]
    raw: bytes


class Assembler:
    """Puts packets of one message together, in whatever order they come (mode M3). Packets carry no
    number of their message: one that is there already with other content, or that comes long
    after the others, begins the next message, and what the last one lacked is told by ``broken``.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], _Parts] = {}
        self._broken: list[Broken] = []

    def add(self, frame: Frame, raw: bytes = b"", *, at_s: float = 0.0) -> Whole | None:
        """The whole message once it is complete, else None. A single frame is one at once."""
        if not frame.multi:
            return Whole(frame, raw)
        self._expire(at_s)
        key = (frame.station, frame.function)
        parts = self._open.pop(key, None)
        if parts is not None:
            self._open[key] = parts  # the one spoken of last stands last
        if parts is not None and self._begins_another(parts, frame):
            self._give_up(key)
            parts = None
        if parts is None:
            parts = self._open[key] = _Parts(frame.total, at_s)
        parts.packets[frame.number] = (frame, raw)
        parts.newest_s = at_s
        parts.last_seen |= frame.number == frame.total
        if not parts.whole:
            return None
        del self._open[key]
        body = b"".join(parts.packets[n][0].body for n in range(1, parts.total + 1))
        whole = replace(frame, body=body, end=ETX, number=frame.total, body_at=0)
        return Whole(whole, parts.raw)

    @staticmethod
    def _begins_another(parts: _Parts, frame: Frame) -> bool:
        there = parts.packets.get(frame.number)
        return parts.total != frame.total or (there is not None and there[0].body != frame.body)

    def _expire(self, at_s: float) -> None:
        """Messages of which nothing has come for long are over, whoever speaks now."""
        for key, parts in list(self._open.items()):
            if at_s - parts.newest_s <= OPEN_FOR_S and len(self._open) < MOST_OPEN:
                return  # the others are newer
            self._give_up(key)

    def _give_up(self, key: tuple[str, str]) -> None:
        parts = self._open.pop(key)
        self._broken.append(Broken(*key, parts.total, parts.missing, parts.raw))

    def missing(self, frame: Frame) -> list[int]:
        """Packets to ask for again once the last one has come; each is asked for once."""
        parts = self._open.get((frame.station, frame.function))
        if parts is None or not parts.last_seen:
            return []
        new = [n for n in parts.missing if n not in parts.asked][:MOST_ASKED]
        parts.asked.update(new)
        return new

    def broken(self, *, all_open: bool = False) -> list[Broken]:
        """Messages given up since the last time; with ``all_open`` those still open too, as when
        the line has ended."""
        if all_open:
            for key in list(self._open):
                self._give_up(key)
        found, self._broken = self._broken, []
        return found
