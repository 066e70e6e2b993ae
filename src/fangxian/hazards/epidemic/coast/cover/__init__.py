"""Cover of the coast: every vessel accounted for, all of the shore looked at, every tip checked."""

from . import shore, tips, vessels

RULES = (*vessels.RULES, *shore.RULES, *tips.RULES)
