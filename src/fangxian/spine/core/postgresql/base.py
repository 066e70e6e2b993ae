"""PostgreSQL as Django has it; what was recorded is chained at the end of each transaction."""

from typing import Any

from django.db.backends.postgresql import base

from fangxian.spine.core.pending import HoldsEvents

CLIENT_ALIVE = {  # a host that is gone is noticed in half a minute, and what it held is free
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
}


class DatabaseWrapper(HoldsEvents, base.DatabaseWrapper):
    """Django's own, and the events of the open transaction."""

    def get_connection_params(self) -> dict[str, Any]:
        return CLIENT_ALIVE | dict(super().get_connection_params())
