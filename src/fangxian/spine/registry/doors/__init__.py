"""The doors of the registry: places, organisations, posts, office-holders, terms, duties, sites and
accounts, each a table that people fill. The engine is core/door.py."""

from fangxian.spine.core.door import Door

from .duties import DUTIES
from .offices import ORGANISATIONS, POSTS
from .people import PEOPLE, TERMS, USERS
from .places import PLACES
from .sites import SITES

# in the order in which an empty city is filled
LISTS: tuple[Door, ...] = (PLACES, ORGANISATIONS, POSTS, PEOPLE, TERMS, SITES, DUTIES, USERS)
