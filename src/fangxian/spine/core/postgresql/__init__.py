"""Django's backend for PostgreSQL, with what Fangxian needs of it."""

from urllib.parse import parse_qsl, unquote, urlsplit

MOST_CONNECTIONS = 8  # of one process
CLIENT_ALIVE = {  # a host that is gone is noticed in half a minute, and what it held is free
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
}


def served(url: str) -> dict[str, object]:
    """Django's settings of the database at ``postgresql://user:password@host:port/name?option=…``:
    what the address leaves out is as libpq has it."""
    parts = urlsplit(url)
    told: dict[str, object] = {
        "ENGINE": __name__,
        "NAME": unquote(parts.path.removeprefix("/")) or "fangxian",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,  # the pool keeps them
    }
    pool = {"min_size": 1, "max_size": MOST_CONNECTIONS, "timeout": 10}
    return told | {"OPTIONS": {**dict(parse_qsl(parts.query)), "pool": pool}}
