"""Environment to one typed object at start. Nothing else reads the environment."""

import dataclasses
import difflib
import os
import secrets
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path

from .marks import Kind, is_proved, kind_of, name_in

PREFIX = "FANGXIAN_"


class ConfigError(Exception):
    """A setting that cannot be used; the text says which and what was meant."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Settings of one process tree. Each field is ``FANGXIAN_<NAME>`` in the environment;
    a secret may be given as a file by ``FANGXIAN_<NAME>_FILE``."""

    data_dir: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8000
    sl651_port: int = 6510
    gateway_port: int = 6511
    public_url: str = ""
    allowed_hosts: str = "localhost,127.0.0.1,[::1]"
    # postgresql://…: records and telemetry there, not in files
    database_url: str = dataclasses.field(default="", repr=False, metadata={"secret": True})
    workers: int = 1  # of the alarm path; several only on a server
    web_processes: int = 1
    node_modules: str = ""  # the browser libraries, where they lie in no checkout
    compute: str = "here"  # here | processes[:n] | dask | dask://host:port
    debug: bool = False
    second_factor: bool = True  # of those who decide or administer; a drill asks for none
    secret_key: str = dataclasses.field(default="", repr=False, metadata={"secret": True})
    evidence_secret: str = dataclasses.field(default="", repr=False, metadata={"secret": True})
    backup_secret: str = dataclasses.field(default="", repr=False, metadata={"secret": True})
    backup_dir: str = ""
    anchor_file: str = ""
    anchor_mail: str = ""
    sister_url: str = ""
    sister_name: str = ""
    sister_secret: str = dataclasses.field(default="", repr=False, metadata={"secret": True})
    smtp_host: str = ""
    smtp_port: int = 25
    smtp_from: str = "fangxian@localhost"
    smtp_tls: str = ""  # "starttls" | "tls"
    smtp_user: str = ""
    smtp_password: str = dataclasses.field(default="", repr=False, metadata={"secret": True})
    channels_file: str = ""
    gateway_url: str = ""
    gateway_secret: str = dataclasses.field(default="", repr=False, metadata={"secret": True})

    @cached_property
    def scenario(self) -> str | None:
        """The name of the drill this data folder belongs to, or None for a real one. Raises
        ConfigError where a drill's and a real headquarters' files lie together."""
        name = name_in(self.data_dir)
        told = {path: kind_of(path) for path in (self.records_db, self.telemetry_db)}
        drills = [path.name for path, kind in told.items() if kind == Kind.DRILL]
        reals = [path.name for path, kind in told.items() if kind == Kind.REAL]
        if reals and (drills or name is not None):
            of_drill = ", ".join(drills or ["scenario.json"])
            raise ConfigError(
                f"{self.data_dir}: {', '.join(reals)} of a real headquarters lies beside "
                f"{of_drill} of a drill; nothing is started. Put them into folders of their own."
            )
        return name or "drill" if drills else name

    @property
    def drill(self) -> bool:
        return self.scenario is not None

    @property
    def kind(self) -> Kind:
        return Kind.DRILL if self.drill else Kind.REAL

    @cached_property
    def database(self) -> str:
        """The server that this folder's rows lie on; empty where they lie in files. Those of a
        drill always do, so that no drill reaches the rows of a real headquarters."""
        return "" if self.drill else self.database_url

    @property
    def clock_file(self) -> Path:
        return self.data_dir / "clock.json"

    @property
    def records_db(self) -> Path:
        return self.data_dir / "records.sqlite3"

    @property
    def telemetry_db(self) -> Path:
        return self.data_dir / "telemetry.sqlite3"

    @property
    def url(self) -> str:
        return self.public_url or f"http://{self.host}:{self.port}"

    @cached_property
    def key(self) -> str:
        """The secret key: given, or made once and kept beside the data."""
        return self.secret_key or self._made("secret.key")

    @property
    def signing_key(self) -> str:
        """What links and log-ins are signed with: a drill's hold nowhere else."""
        return f"drill:{self.key}" if self.drill else self.key

    @cached_property
    def evidence_key(self) -> str:
        """The key of the proofs: given, from a place its readers alone reach, or kept beside."""
        return self.evidence_secret or self._made("evidence.key")

    @property
    def old_evidence_keys(self) -> list[str]:
        """Keys that anchors of before were signed with."""
        path = self.data_dir / "evidence.old"
        return path.read_text().split() if path.exists() else []

    @cached_property
    def backup_key(self) -> str:
        """The key that backups are closed with."""
        return self.backup_secret or self._made("backup.key")

    def _made(self, name: str) -> str:
        """A key of the folder, made where there is none."""
        path = self.data_dir / name
        if not path.exists() and self._had(name):
            raise ConfigError(
                f"{path} is missing: what it sealed or proves is there. Restore it from the escrow "
                "(fangxian keys recover) or a backup; none is made anew."
            )
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f"{name}.{os.getpid()}")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(fresh, path)  # whole or not at all, and the first of a tree wins
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        key = path.read_text()
        if not key.strip():
            raise ConfigError(f"{path} is empty; restore it from the escrow or a backup")
        return key

    def _had(self, name: str) -> bool:
        """Whether the folder had such a key: another would not do."""
        if name == "secret.key":
            return kind_of(self.records_db) is not None
        if name == "evidence.key":
            return is_proved(self.records_db)
        return (self.data_dir / "escrow.json").exists()

    @cached_property
    def old_keys(self) -> tuple[str, ...]:
        """Keys that sealed what is still there: read with, never sealed with. The newest first."""
        path = self.data_dir / "secret.old"
        return tuple(reversed(path.read_text().split())) if path.exists() else ()

    def change_key(self) -> None:
        """Another key from now on; the one before is kept for reading. Raises ConfigError where the
        key is given from outside: then it is changed there."""
        if self.secret_key:
            raise ConfigError(f"{PREFIX}SECRET_KEY is given from outside; change it there")
        path, old = self.data_dir / "secret.key", self.data_dir / "secret.old"
        with os.fdopen(os.open(old, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            file.write(self.key + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh = self.data_dir / "secret.key.new"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        fresh.replace(path)
        for name in ("key", "old_keys"):
            self.__dict__.pop(name, None)


def read_config(environment: Mapping[str, str]) -> Config:
    """Build the settings. Raises ConfigError on an unknown or unusable name."""
    fields = {field.name: field for field in dataclasses.fields(Config)}
    values: dict[str, object] = {}
    for variable, given in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name, text = variable.removeprefix(PREFIX).lower(), given
        if name.endswith("_file") and fields.get(name[:-5], _PLAIN).metadata.get("secret"):
            name, text = name[:-5], Path(text).read_text().strip()
        if name not in fields:
            raise ConfigError(_unknown(variable, sorted(fields)))
        values[name] = _parse(variable, text, fields[name].type)
    return Config(**values)  # type: ignore[arg-type]


_PLAIN: "dataclasses.Field[str]" = dataclasses.field()


def _unknown(variable: str, names: list[str]) -> str:
    near = difflib.get_close_matches(variable.removeprefix(PREFIX).lower(), names, 1)
    hint = f"; nearest known: {PREFIX}{near[0].upper()}" if near else ""
    return f"unknown setting {variable}{hint}"


def _parse(variable: str, text: str, kind: object) -> object:
    if variable == f"{PREFIX}DATABASE_URL" and not text.startswith(
        ("postgresql://", "postgres://")
    ):
        raise ConfigError(f"{variable} must begin with postgresql://; without it rows are in files")
    if kind is int:
        if not text.isdigit():
            raise ConfigError(f"{variable} must be a whole number, not {text!r}")
        return int(text)
    if kind is bool:
        if text.lower() not in {"0", "1", "true", "false"}:
            raise ConfigError(f"{variable} must be 0 or 1, not {text!r}")
        return text.lower() in {"1", "true"}
    return Path(text) if kind is Path else text


@lru_cache
def config() -> Config:
    return read_config(os.environ)
