"""The cover rules by name, for their sentences. Which of them run is said in wiring."""

from fangxian.spine.command import cover as command_cover
from fangxian.spine.cover import duties
from fangxian.spine.observe import cover as observe_cover

COVER_RULES = [*duties.RULES, *observe_cover.RULES, *command_cover.RULES]
