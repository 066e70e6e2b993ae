"""All cause and effect of the system: kind of event -> functions, and the rules of cover. What a
function does stands in its room."""

from collections.abc import Callable, Sequence
from typing import Protocol

from fangxian.hazards.flood.watch import FloodWatch
from fangxian.spine.command import cover as command_cover
from fangxian.spine.command.write.calls import call_next, call_receiver, take_answer
from fangxian.spine.command.write.orders import note_deadline
from fangxian.spine.command.write.responses import extend_to_signals, propose_on_signal
from fangxian.spine.core.queue import Function
from fangxian.spine.cover import duties
from fangxian.spine.cover.engine import CoverRule
from fangxian.spine.observe import cover as observe_cover


class Watch(Protocol):
    """Judges what came in since last time; returns how much that was."""

    def tick(self) -> int: ...


WIRING: dict[str, Sequence[Function]] = {
    # a signal changed: ask the response rules; running responses follow it to new towns
    "signal.raised": [propose_on_signal, extend_to_signals],
    "signal.worsened": [propose_on_signal, extend_to_signals],
    "signal.eased": [propose_on_signal],
    "signal.cleared": [propose_on_signal],
    "response.started": [propose_on_signal],
    "response.raised": [propose_on_signal],
    "response.lowered": [propose_on_signal],
    "response.ended": [propose_on_signal],
    # an order goes out, is called after, is answered
    "order.issued": [call_receiver],
    "order.unanswered": [call_next],
    "order.deadline_came": [note_deadline],
    "delivery.answered": [take_answer],
}

# What reads new readings, by its name: a maker of something with a tick.
WATCHES: dict[str, Callable[[], Watch]] = {"flood": FloodWatch}

COVER: list[CoverRule] = [*duties.RULES, *observe_cover.RULES, *command_cover.RULES]
