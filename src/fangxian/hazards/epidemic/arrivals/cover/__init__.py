"""Cover of people under measures."""

from . import people, tests, ways

RULES = (*people.RULES, *ways.RULES, *tests.RULES)
