"""When the demo's storm is. Needs no Django."""

from datetime import datetime

from fangxian.spine.core.clock import BEIJING

STARTS_AT = datetime(2016, 9, 13, 8, tzinfo=BEIJING)
HOURS = 72
