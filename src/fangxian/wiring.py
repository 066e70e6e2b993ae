"""The list of subjects, and all cause and effect of the system: kind of event -> functions, and the
rules of cover. What a function does stands in its room."""

from collections.abc import Sequence

from fangxian.hazards.epidemic.arrivals import subject as arrivals
from fangxian.hazards.epidemic.coast import subject as coast
from fangxian.hazards.epidemic.coldchain import subject as coldchain
from fangxian.hazards.epidemic.regimes import subject as regimes
from fangxian.hazards.epidemic.sentinel import subject as sentinel
from fangxian.hazards.epidemic.tracing import subject as tracing
from fangxian.hazards.epidemic.vaccination import subject as vaccination
from fangxian.hazards.flood.drought import subject as drought
from fangxian.hazards.flood.evacuation import subject as evacuation
from fangxian.hazards.flood.forecast import subject as forecast
from fangxian.hazards.flood.hazard_points import subject as hazard_points
from fangxian.hazards.flood.rain import subject as rain
from fangxian.hazards.flood.reservoir import subject as reservoir
from fangxian.hazards.flood.river import subject as river
from fangxian.hazards.flood.sl323 import subject as sl323
from fangxian.spine.assess import doors as assess_doors
from fangxian.spine.assess import registers as assess_registers
from fangxian.spine.command import cover as command_cover
from fangxian.spine.command import plan_cover
from fangxian.spine.command import registers as command_registers
from fangxian.spine.command.directives import cover as directive_cover
from fangxian.spine.command.directives import registers as directive_registers
from fangxian.spine.command.directives.follow import (
    follow_merged,
    send_letter,
    tell_over,
    tell_owner,
    tell_superior,
)
from fangxian.spine.command.directives.follow import take_answer as take_item_answer
from fangxian.spine.command.read import emergency_since
from fangxian.spine.command.rosters import cover as roster_cover
from fangxian.spine.command.rosters import doors as roster_doors
from fangxian.spine.command.rosters import registers as roster_registers
from fangxian.spine.command.rosters.follow import end_watch, follow_gone
from fangxian.spine.command.rosters.posture import follow_posture
from fangxian.spine.command.rosters.read import on_duty, watch_seats
from fangxian.spine.command.sitreps import cover as sitrep_cover
from fangxian.spine.command.sitreps import registers as sitrep_registers
from fangxian.spine.command.write.again import follow_merge
from fangxian.spine.command.write.calls import (
    call_after_failure,
    call_next,
    call_receiver,
    take_answer,
    tell_extended,
    tell_moved,
    tell_of_plea,
    tell_settled,
    tell_withdrawn,
)
from fangxian.spine.command.write.field import hear_field
from fangxian.spine.command.write.glasses import tell_of_glass
from fangxian.spine.command.write.orders import note_deadline
from fangxian.spine.command.write.responses import extend_to_signals, propose_on_signal
from fangxian.spine.core.door import declare_doors
from fangxian.spine.core.queue import Function
from fangxian.spine.core.registers import declare_registers
from fangxian.spine.cover import duties, people, sites
from fangxian.spine.cover.engine import CoverRule
from fangxian.spine.inspect import cover as inspect_cover
from fangxian.spine.inspect import registers as inspect_registers
from fangxian.spine.inspect.write.findings import follow_again, follow_extension, follow_order
from fangxian.spine.inspect.write.visits import take_inspection
from fangxian.spine.observe import cover as observe_cover
from fangxian.spine.observe import doors as observe_doors
from fangxian.spine.observe import registers as observe_registers
from fangxian.spine.observe.reports import cover as report_cover
from fangxian.spine.observe.reports import doors as report_doors
from fangxian.spine.observe.reports.plan import EMERGENCY
from fangxian.spine.observe.write import apply_correction
from fangxian.spine.people import registers as people_registers
from fangxian.spine.ready import doors as ready_doors
from fangxian.spine.ready import registers as ready_registers
from fangxian.spine.registry import doors as registry_doors
from fangxian.spine.registry import registers as registry_registers
from fangxian.spine.registry.doors.waves import WAVES
from fangxian.spine.registry.read import ON_DUTY, WATCH_SEATS
from fangxian.spine.registry.waves import carry_wave
from fangxian.spine.subject import Subject, install

# The registers of the rooms, in the order of their tabs; subjects add theirs behind.
declare_registers(
    *registry_registers.LISTS,
    *people_registers.LISTS,
    *observe_registers.LISTS,
    *command_registers.LISTS,
    *assess_registers.LISTS,
    *inspect_registers.LISTS,
    *ready_registers.LISTS,
    roster_registers.TURNS,
    *directive_registers.LISTS,
    sitrep_registers.SITREPS,
)

# The tables by which an empty city is filled, in their order; subjects add theirs behind.
declare_doors(*registry_doors.LISTS, *observe_doors.LISTS, *assess_doors.LISTS)
declare_doors(report_doors.PLANS, *ready_doors.LISTS, WAVES, *roster_doors.LISTS)

# The pace of reports follows the posture of a headquarters, which a higher room knows.
EMERGENCY.append(emergency_since)
# Who is on duty is the roster, which a higher room keeps.
ON_DUTY.append(on_duty)
WATCH_SEATS.append(watch_seats)

# Every subject of both headquarters: a folder under hazards/ and a line here.
SUBJECTS: tuple[Subject, ...] = (
    rain.SUBJECT,
    river.SUBJECT,
    hazard_points.SUBJECT,
    evacuation.SUBJECT,
    forecast.SUBJECT,
    drought.SUBJECT,
    reservoir.SUBJECT,
    sl323.SUBJECT,
    sentinel.SUBJECT,
    regimes.SUBJECT,
    arrivals.SUBJECT,
    tracing.SUBJECT,
    vaccination.SUBJECT,
    coldchain.SUBJECT,
    coast.SUBJECT,
)

WIRING: dict[str, Sequence[Function]] = {
    # a signal changed: ask the response rules; running responses follow it to new towns
    "signal.raised": [propose_on_signal, extend_to_signals],
    "signal.worsened": [propose_on_signal, extend_to_signals],
    "signal.eased": [propose_on_signal],
    "signal.cleared": [propose_on_signal],
    "signal.withdrawn": [propose_on_signal],
    "response.started": [propose_on_signal, follow_posture],
    "response.raised": [propose_on_signal, follow_posture],
    "response.lowered": [propose_on_signal, follow_posture],
    "response.ended": [propose_on_signal, follow_posture],
    # an order goes out, is called after, is answered
    "order.issued": [call_receiver],
    "order.reopened": [call_receiver, follow_again],
    "order.reassigned": [tell_moved, call_receiver, follow_again],
    "order.withdrawn": [tell_withdrawn, follow_order],
    "order.extended": [tell_extended, follow_extension],
    "order.closed": [follow_order],
    "plea.made": [tell_of_plea],
    "plea.settled": [tell_settled],
    "order.unanswered": [call_next],
    "order.deadline_came": [note_deadline],
    # an item of a directive goes out, is followed, ends
    "item.assigned": [tell_owner],
    "item.transferred": [tell_owner],
    "item.sent_back": [tell_owner],
    "item.reopened": [tell_owner],
    "item.extended": [tell_owner],
    "item.unsigned": [tell_superior],
    "item.near_due": [send_letter],
    "item.behind": [send_letter],
    "item.due": [send_letter],
    "item.signed": [tell_over],
    "item.withdrawn": [tell_over],
    "item.closed": [tell_over],
    # office-holders change
    "wave.due": [carry_wave],
    "person.gone": [follow_gone],
    "organisation.merged": [follow_merge, follow_merged, end_watch],
    "glass.broken": [tell_of_glass],
    "delivery.answered": [take_answer, take_item_answer, hear_field],
    "delivery.failed": [call_after_failure],
    "delivery.late": [call_after_failure],
    # a reading that a person corrected, if the process was killed before it was
    "observation.corrected": [apply_correction],
    # a report by a check list is a visit
    "report.made": [take_inspection],
}

for subject in SUBJECTS:
    install(subject)
    for kind, functions in subject.causes.items():
        WIRING[kind] = [*WIRING.get(kind, ()), *functions]

COVER: list[CoverRule] = [
    *duties.RULES,
    *sites.RULES,
    *people.RULES,
    *observe_cover.RULES,
    *report_cover.RULES,
    *command_cover.RULES,
    *plan_cover.RULES,
    *roster_cover.RULES,
    *directive_cover.RULES,
    *sitrep_cover.RULES,
    *inspect_cover.RULES,
    *(rule for subject in SUBJECTS for rule in subject.cover),
]
