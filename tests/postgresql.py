"""`python -m tests.postgresql WORD…`: a PostgreSQL server of its own that listens on a socket
alone, WORD… with FANGXIAN_DATABASE_URL saying where, and the server gone again. `./run test
--on-postgresql` runs the suite so."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

QUICK = "fsync=off full_page_writes=off max_connections=200 shared_buffers=256MB"


def programs() -> Path | None:
    """The folder of the server's programs, that of Debian's package among others."""
    found = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    return Path(found).parent if found else next((p.parent for p in places), None)


@contextmanager
def server(options: str = QUICK) -> Iterator[str]:
    """The address of a fresh server, without a database of ours. It must not be run by root."""
    tools = programs()
    if tools is None:
        raise LookupError("PostgreSQL is not installed")
    room = Path(tempfile.mkdtemp(prefix="pg-"))  # not below a folder of root
    data, user = room / "data", "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(room, user)

    def call(program: str, *words: str) -> None:
        done = subprocess.run(
            [tools / program, *words], user=user, capture_output=True, cwd=room, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    call("initdb", "-D", str(data), "-U", "office", "-A", "trust", "-E", "UTF8", "--no-sync")
    told = f"listen_addresses= unix_socket_directories={room} {options}"
    words = " ".join(f"-c {one}" for one in told.split())
    call("pg_ctl", "-D", str(data), "-w", "-l", str(room / "log"), "-o", words, "start")
    try:
        yield f"postgresql://office@/postgres?host={room}"
    finally:
        call("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(room, ignore_errors=True)


def main(words: list[str]) -> int:
    with server() as url:
        return subprocess.call(words, env=os.environ | {"FANGXIAN_DATABASE_URL": url})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
