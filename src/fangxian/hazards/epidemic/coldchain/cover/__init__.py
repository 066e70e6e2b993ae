"""Cover of the cold chain: every lot announced, tested, certified; every store counted."""

from . import goods, people, stores

RULES = (*goods.RULES, *stores.RULES, *people.RULES)
