"""Django's backend for PostgreSQL, with what Fangxian needs of it."""

from urllib.parse import parse_qsl, unquote, urlsplit

MOST_CONNECTIONS = 8  # of one process
# a host that is gone is noticed in half a minute by the server, and what it held is free; and a
# server that is gone by us
ALIVE = {"idle": 10, "interval": 5, "count": 4}
GONE_MS = 30_000
CLIENT_ALIVE = {f"keepalives_{name}": n for name, n in ALIVE.items()} | {
    "tcp_user_timeout": GONE_MS,
    "connect_timeout": 10,
}
SERVER_ALIVE = " ".join(
    [f"-c tcp_keepalives_{name}={n}" for name, n in ALIVE.items()]
    + [f"-c tcp_user_timeout={GONE_MS}"]
)


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
        "CONN_HEALTH_CHECKS": True,  # and gives none that a restart of the server has ended
    }
    pool = {"min_size": 1, "max_size": MOST_CONNECTIONS, "timeout": 10}
    return told | {"OPTIONS": {**dict(parse_qsl(parts.query)), "pool": pool}}
