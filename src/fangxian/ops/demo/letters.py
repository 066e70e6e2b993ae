"""What comes into a drill by itself beside the storm's frames: readings and reports by the API, as
other systems send them, and cases by the line list. Each when the drill's clock says so."""

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from fangxian.spine.core.config import config
from fangxian.spine.core.door import door, take
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.surfaces.api.keys import make_key

from .scenario import Input, Scenario

log = logging.getLogger("fangxian.demo")

NAMES = {"readings": "演练遥测系统", "reports": "演练上报系统"}  # programs that send in this drill
# pages of this machine are asked for directly, whatever proxy it has
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Letters:
    """The inputs of a scenario from ``since`` on. The same again changes nothing: reports have
    names, readings and cases keys."""

    def __init__(self, scenario: Scenario, *, url: str, since: datetime | None = None) -> None:
        self.waiting = [one for one in scenario.inputs() if since is None or one.at >= since]
        self.scenario, self.url = scenario, url
        self.sent: dict[str, int] = {}
        self.refused: list[str] = []
        kinds = [sends for sends in NAMES if any(one.kind == sends for one in self.waiting)]
        self.keys = {sends: _key(config().data_dir / f"{sends}.key", sends) for sends in kinds}

    @property
    def next_at(self) -> datetime | None:
        return self.waiting[0].at if self.waiting else None

    def send(self, until: datetime) -> None:
        """Send all that is due. What is refused is told and does not stop the rest. Raises OSError
        while the server cannot be reached; what was not sent then is sent by the next call."""
        due = [one for one in self.waiting if one.at <= until]
        done = 0
        try:
            for kind, rows in groupby(due, key=lambda one: one.kind):
                for batch in _batches(kind, list(rows)):
                    self._send(kind, batch)
                    done += len(batch)
        finally:
            del self.waiting[:done]

    def _send(self, kind: str, rows: list[Input]) -> None:
        """Rows that come together; where they are refused each by itself, so that only what is
        wrong stays out."""
        try:
            if kind == "cases":
                take(door("cases"), [one.row for one in rows], by=SYSTEM, source="scenario")
            elif kind == "readings":
                self._post("readings", {"readings": [_reading(one) for one in rows]})
            else:
                self._post("reports", self._report(rows[0]))
            self.sent[kind] = self.sent.get(kind, 0) + len(rows)
        except Problem as problem:
            if len(rows) > 1:
                for one in rows:
                    self._send(kind, [one])
                return
            told = f"{kind}.csv:{rows[0].number} {problem.text('en')}"[:300]
            log.warning("letter_refused %s", told)
            self.refused.append(told)

    def _report(self, one: Input) -> dict[str, Any]:
        """A column that is no column of ours is the answer to a question of the form."""
        row = dict(one.row)
        about = {"kind": row.pop("kind"), "code": row.pop("site")}
        instance = f"{self.scenario.name}-{one.number}"
        told = {"form": row.pop("form"), "about": about, "instance": instance}
        return {**told, "at": one.at.isoformat(), "answers": {k: v for k, v in row.items() if v}}

    def _post(self, where: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(
            f"{self.url}/api/v1/{where}",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.keys[where]}", "Content-Type": "application/json"},
        )
        try:
            _DIRECT.open(request, timeout=30).close()
        except urllib.error.HTTPError as error:
            if error.code >= 500:
                raise
            raise Problem("input.invalid", field=where, why=error.read().decode()[:200]) from None


def _batches(kind: str, rows: list[Input]) -> Iterable[list[Input]]:
    """Cases and readings of one moment go together; a report goes alone."""
    if kind == "reports":
        return [[one] for one in rows]
    return [list(many) for _, many in groupby(rows, key=lambda one: one.at)]


def _reading(one: Input) -> dict[str, Any]:
    row = one.row
    value = float(row["value"]) if row["value"] else None
    told = {"station": row["station"], "element": row["element"], "value": value}
    return {**told, "at": one.at.isoformat()}


def _key(path: Path, sends: str) -> str:
    """Made once a drill."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(make_key(name=NAMES[sends], sends=sends, by=SYSTEM))
    return path.read_text()
