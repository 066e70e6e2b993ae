"""What an SL 651 message says of the weather and the water, as runs of values. What is only talk
between station and centre has none."""

from fangxian.spine.observe.elements import CANONICAL, RAIN_STEP_S
from fangxian.spine.observe.intake.batch import Batch, Run

from .body import Message, Value
from .frame import FrameError

TEST_FUNCTIONS = {"30"}  # a station's test report is kept as a frame and never stored as data
NO_DATA = {"2F", "36", "45", "40", "41", "42", "43"}
FULL_BYTE_MM = 25.4  # the most that one byte of a row can say; the rest comes with the next one


def batch_of(message: Message, *, password: str = "") -> Batch:
    """Raises FrameError where the body speaks of another station than the header."""
    runs: list[Run] = []
    if message.function not in TEST_FUNCTIONS | NO_DATA:
        runs = [run for value in message.values if (run := _run(value)) is not None]
    others = {run.station for run in runs} - {message.station}
    if others:
        told = f"the header is of {message.station}, the body of {', '.join(sorted(others))}"
        raise FrameError("other_station", 0, told)
    sent_s = int(message.sent_at.timestamp()) if message.sent_at else None
    return Batch("sl651", message.station, runs, once=True, sent_s=sent_s, password=password)


def _run(value: Value) -> Run | None:
    if value.observed_at is None or isinstance(value.value, str):
        return None
    at_s, code, symbol = (
        int(value.observed_at.timestamp()),
        value.element.code,
        value.element.symbol,
    )
    if value.values is None:
        name = CANONICAL.get(symbol.upper(), symbol)
        return Run(value.station, name, value.element.unit, at_s, (value.value,))
    every_s = int(value.step.total_seconds()) if value.step else RAIN_STEP_S
    if code == "F4":
        doubted = {k: "saturated" for k, v in enumerate(value.values) if v == FULL_BYTE_MM}
        return Run(
            value.station, "P5", "mm", at_s, value.values, every_s, RAIN_STEP_S, doubted=doubted
        )
    if "F5" <= code <= "FC":
        first = code == "F5"  # the row that has a base of its own
        return Run(
            value.station, symbol, "m", at_s, value.values, every_s, RAIN_STEP_S, relative=first
        )
    return Run(value.station, symbol, value.element.unit, at_s, value.values, every_s, every_s)
