"""`./run bench ais`: sentences of AIS a second, ours beside pyais on the same lines. Ours judges
checksums and gives up lost parts; pyais does neither here and so has less to do."""

import random
import time
from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Any

from pyais import IterMessages
from pyais.encode import encode_dict

from fangxian.hazards.epidemic.coast.ais import LETTERS, Decoder

LINES, TIMES = 50_000, 3
# types as two stations of the strait hear them, in parts of 20: ../shared/data/coast/README.md
MIX = (1, 1, 1, 1, 1, 1, 18, 18, 18, 18, 18, 18, 3, 3, 24, 24, 24, 19, 5, 5)
PLAIN = (1, 3, 18)
VALUES = ("lon", "lat", "speed", "course")


def sentences(kinds: tuple[int, ...]) -> list[bytes]:
    """Lines of random vessels, of some types, each message with its parts beside each other."""
    rng, told = random.Random(20261128), []
    while len(told) < LINES:
        kind = rng.choice(kinds)
        row: dict[str, object] = {"msg_type": kind, "mmsi": rng.randint(412_000_000, 414_999_999)}
        if kind in (1, 3, 18, 19):
            row |= {"lon": round(rng.uniform(117, 119), 6), "lat": round(rng.uniform(23, 25), 6)}
            row |= {"speed": round(rng.uniform(0, 15), 1), "course": rng.randint(0, 359)}
        if kind == 24:
            row |= {"partno": rng.randint(0, 1)}
        if kind in (5, 19, 24):
            row |= {"shipname": f"MIN DONG YU {rng.randint(10_000, 99_999)}"}
        number = len(told) % 10
        told += [line.encode() for line in encode_dict(row, talker_id="AI", seq_id=number)]
    return told


def fastest(work: Callable[[], int]) -> tuple[float, int]:
    """The shortest of some runs in seconds of the processor, and how many messages it read."""
    spans, n = [], 0
    for _ in range(TIMES):
        started = time.process_time()
        n = work()
        spans.append(time.process_time() - started)
    return min(spans), n


def by_pyais(lines: list[bytes]) -> int:
    """The same five values of each message; pyais reads the bits of a value when it is asked."""
    n = 0
    for one in IterMessages(lines):
        held: Any = one.decode()
        n += bool(held.mmsi)
        for name in VALUES:
            getattr(held, name, None)
    return n


def beside(lines: list[bytes]) -> dict[str, object]:
    ours_s, n = fastest(lambda: sum(not one.reason for one in Decoder().read(lines)))
    peer_s, theirs = fastest(lambda: by_pyais(lines))
    return {
        "lines": len(lines),
        "messages": n,
        "same_messages": n == theirs,
        "lines_per_s": round(len(lines) / ours_s),
        "pyais_lines_per_s": round(len(lines) / peer_s),
        "times_pyais": round(peer_s / ours_s, 1),
    }


def damaged(lines: list[bytes]) -> dict[str, object]:
    """One line in a hundred with one letter changed: how many are taken all the same."""
    rng, broken = random.Random(1), list(lines)
    for k in range(0, len(lines), 100):
        line = bytearray(lines[k])
        at = line.index(b",", 13) + 1 + rng.randint(1, 10)
        line[at] = LETTERS[(LETTERS.index(line[at]) + 1) % 64]
        broken[k] = bytes(line)
    bad = sum(reduce(xor, line[1:-3], 0) != int(line[-2:], 16) for line in broken)
    taken = sum(not one.reason for one in Decoder().read(broken))
    theirs = by_pyais(broken)
    return {"damaged": bad, "refused": len(lines) - taken, "pyais_refused": len(lines) - theirs}


def main() -> dict[str, object]:
    plain = sentences(PLAIN)
    return {
        "position_reports": beside(plain),
        "all_types": beside(sentences(MIX)),
        "one_in_100_damaged": damaged(plain),
        "target_per_s": 100_000,
    }
