"""Do the tests notice when a rule is wrong? Small changes are made to the code of a room, one at a
time, in a copy; the tests that reach the changed line run against each. Not part of the test run.

    python -m tests.mutation ROOM [--sample N] [--seed S] [--only WORDS]

First the unchanged copy must pass all tests of the room (the control), which also tells which test
reaches which line. A change meets the tests that reach it; one that works at import meets all.
"""

import argparse
import ast
import contextlib
import copy
import gc
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CODE = ROOT / "src"
PACKAGE = "fangxian/"

# room: (files that are changed, tests that must notice)
ROOMS: dict[str, tuple[list[str], list[str]]] = {
    "registry+command+rights": (
        [
            "spine/registry/write.py",
            "spine/registry/read.py",
            "spine/command/rules.py",
            "spine/command/read.py",
            "spine/command/models.py",
            "spine/command/write/*.py",
            "spine/core/rights.py",
            "spine/core/steps.py",
            "spine/core/dated.py",
            "spine/core/editions.py",
            "spine/core/queue.py",
            "spine/core/guard.py",
        ],
        ["tests/command", "tests/registry", "tests/core", "tests/reach", "tests/flow"],
    ),
    "observe+sl651+assess": (
        [
            "spine/observe/write.py",
            "spine/observe/quality.py",
            "spine/observe/store.py",
            "spine/observe/rules.py",
            "spine/observe/intake/**/*.py",
            "spine/assess/rules.py",
            "spine/assess/write.py",
            "hazards/flood/watch.py",
            "hazards/flood/rain/watch.py",
            "hazards/flood/river/watch.py",
        ],
        ["tests/observe", "tests/assess", "tests/kernels/test_windows.py", "tests/flow"],
    ),
    "cover": (
        ["spine/cover/engine.py", "spine/cover/duties.py", "spine/*/cover.py"],
        ["tests/cover", "tests/flow"],
    ),
}
# of the tests of core these have nothing to do with any room
LEFT_OUT = ("tests/core/test_compute.py", "tests/core/test_tables.py")

FLIPPED: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
}
# words that mean a state or a need: each becomes the next of its row
WORDS = [
    ["issued", "delivered", "acknowledged", "in_progress", "reported", "verified", "closed"],
    ["open", "accepted", "declined", "overtaken"],
    ["reason", "second_person"],
    ["old", "new"],
    ["any", "city", "place", "duty"],
    ["A", "B"],
    ["stored", "quarantined", "rejected"],
    ["waiting", "acknowledged", "cleared"],
]
NEXT = {word: row[(k + 1) % len(row)] for row in reversed(WORDS) for k, word in enumerate(row)}
QUERIES = {"filter", "exclude", "update", "get_or_create", "Q"}
# only words for people, lengths of text and speed: nothing a test of meaning should fix
SILENT_CALLS = {"Problem", "error", "info", "warning", "select_related", "prefetch_related"}
WIDE = {"CharField", "TextField"}


@dataclass(frozen=True)
class Mutant:
    """One small change: where, what, the whole new text of its file."""

    file: str
    line: int
    statement: tuple[int, int]
    at_import: bool
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}  {self.what}"


def short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) < 70 else text[:67] + "..."


class Changes:
    """Every small change of one file, made in place, unparsed, and taken back."""

    def __init__(self, file: str, source: str) -> None:
        self.file, self.tree = file, ast.parse(source)
        self.found: list[Mutant] = []
        self.statement, self.at_import = (0, 0), True

    def all(self) -> list[Mutant]:
        for statement in self.tree.body:
            self._visit(statement)
        return self.found

    def _note(self, node: ast.AST, what: str) -> None:
        line = getattr(node, "lineno", self.statement[0])
        text = ast.unparse(ast.fix_missing_locations(self.tree))
        self.found.append(Mutant(self.file, line, self.statement, self.at_import, what, text))

    def _try(self, owner: Any, name: str, new: Any, node: ast.AST, what: str) -> None:
        old = getattr(owner, name)
        setattr(owner, name, new)
        self._note(node, what)
        setattr(owner, name, old)

    def _visit(self, node: ast.AST) -> None:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr, ast.Raise)):
            return
        if isinstance(node, ast.Call) and _called(node) in SILENT_CALLS | WIDE:
            return
        before = self.statement, self.at_import
        if isinstance(node, ast.stmt):
            self.statement = _span(node)
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            self.at_import = False
        self._change(node)
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list", "type_params", "lower", "upper"}:
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self._child(node, name, child)
        self.statement, self.at_import = before

    def _child(self, node: ast.AST, name: str, child: ast.AST) -> None:
        if isinstance(child, ast.ClassDef) and child.name == "Meta":
            return
        if isinstance(child, ast.Expr) and not isinstance(child.value, ast.Call):
            return  # a docstring, or nothing
        self._replace(node, name, child)
        self._visit(child)

    def _put(self, node: ast.AST, name: str, child: ast.AST, new: ast.AST, what: str) -> None:
        value = getattr(node, name)
        if isinstance(value, list):
            fresh = [ast.copy_location(new, child) if one is child else one for one in value]
            self._try(node, name, fresh, child, what)
        else:
            self._try(node, name, ast.copy_location(new, child), child, what)

    def _replace(self, node: ast.AST, name: str, child: ast.AST) -> None:
        """Changes that put something else in the child's place."""
        if isinstance(child, ast.UnaryOp) and isinstance(child.op, ast.Not):
            self._put(node, name, child, child.operand, f"not removed: {short(child)}")
        elif isinstance(child, ast.Expr) and _called(child.value) not in SILENT_CALLS:
            before, self.statement = self.statement, _span(child)
            self._put(node, name, child, ast.Pass(), f"deleted: {short(child)}")
            self.statement = before
        elif isinstance(child, ast.Constant):
            for new in _other_values(child.value):
                what = f"{child.value!r} -> {new!r} in: {short(node)}"
                self._put(node, name, child, ast.Constant(new), what)

    def _change(self, node: ast.AST) -> None:
        """Changes inside the node itself."""
        if isinstance(node, ast.Compare):
            for k, operator in enumerate(node.ops):
                new = [*node.ops[:k], FLIPPED[type(operator)](), *node.ops[k + 1 :]]
                self._try(node, "ops", new, node, f"compare flipped: {short(node)}")
        elif isinstance(node, ast.BoolOp):
            new_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            self._try(node, "op", new_op, node, f"and/or: {short(node)}")
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in FLIPPED:
            what = f"{type(node.op).__name__} flipped: {short(node)}"
            self._try(node, "op", FLIPPED[type(node.op)](), node, what)
        elif isinstance(node, ast.Return) and not _is_nothing(node.value):
            self._try(node, "value", ast.Constant(None), node, f"{short(node)} -> None")
        elif isinstance(node, ast.Call):
            self._call(node)

    def _call(self, node: ast.Call) -> None:
        name = _called(node)
        if name in {"min", "max"}:
            other = ast.Name("max" if name == "min" else "min", ast.Load())
            self._try(node, "func", other, node, f"min/max: {short(node)}")
        for k, keyword in enumerate(node.keywords):
            less = [*node.keywords[:k], *node.keywords[k + 1 :]]
            asked = name in QUERIES and keyword.arg not in {None, "defaults"}
            if asked and (less or node.args or name != "update"):
                self._try(node, "keywords", less, node, f"{keyword.arg} dropped: {short(node)}")
            if name == "timedelta":
                twice = ast.BinOp(copy.deepcopy(keyword.value), ast.Mult(), ast.Constant(2))
                self._try(keyword, "value", twice, node, f"twice: {short(node)}")


def _span(node: ast.stmt) -> tuple[int, int]:
    """The lines of a statement, of a compound one those of its head."""
    body = getattr(node, "body", None)
    end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
    return node.lineno, max(end, node.lineno)


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _is_nothing(node: ast.AST | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _other_values(value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
        if value > 0:
            yield value - 1
    elif isinstance(value, float):
        yield value + 1.0
    elif isinstance(value, str) and value in NEXT:
        yield NEXT[value]


# -- within pytest: which test reaches which line ------------------------------------------------

TOUCHED: dict[str, Any] = {"now": set(), "tests": {}, "source": "", "since": 0.0}
AT_IMPORT = "at import"


def _trace(frame: Any, event: str, arg: Any) -> Any:
    file = frame.f_code.co_filename
    if not file.startswith(TOUCHED["source"]):
        return None
    seen, first = TOUCHED["now"], file[len(TOUCHED["source"]) :]
    seen.add((first, frame.f_lineno))

    def line(frame: Any, event: str, arg: Any) -> Any:
        seen.add((first, frame.f_lineno))
        return line

    return line


class Recorder:
    """Notes for each test the lines it reaches; what earlier tests left in caches is forgotten."""

    def __init__(self, source: str, into: Path) -> None:
        TOUCHED["source"], self.into = source, into
        sys.settrace(_trace)

    def pytest_runtest_protocol(self, item: Any) -> None:
        if not TOUCHED["tests"]:
            self.pytest_runtest_logfinish(AT_IMPORT)
        for one in gc.get_objects():
            if type(one) is _lru_cache_wrapper and str(one.__module__).startswith("fangxian"):
                one.cache_clear()
        TOUCHED["now"] = set()
        TOUCHED["since"] = time.monotonic()
        threading.settrace(_trace)
        sys.settrace(_trace)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        lines = sorted(TOUCHED["now"])
        TOUCHED["tests"][nodeid] = {"s": time.monotonic() - TOUCHED["since"], "lines": lines}

    def pytest_sessionfinish(self) -> None:
        self.into.write_text(json.dumps(TOUCHED["tests"]))


# -- the run -------------------------------------------------------------------------------------


PRELOADED = """pytest _pytest.assertion.rewrite pytest_django.plugin hypothesis.strategies numpy
    hypothesis.extra.numpy numba numba.core.typing.templates scipy.optimize scipy.stats openpyxl
    shapely.geometry opencc pypinyin httpx cryptography.fernet pydantic multiprocessing asyncio
    django.db.models django.test django.core.management django.forms django.views.generic
    django.template.defaulttags""".split()  # noqa: SIM905


def preload() -> None:
    """What every run imports anyway and no change touches: loaded once, then forked."""
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


class Bench:
    """A copy of the code in which one file at a time is changed, and runs of tests against it."""

    def __init__(self, room: str) -> None:
        self.room, (patterns, self.tests) = room, ROOMS[room]
        self.folder = Path(tempfile.mkdtemp(prefix="fangxian-mutation-"))
        self.source = self.folder / "src"
        shutil.copytree(CODE, self.source, copy_function=shutil.copy2)
        base = CODE / "fangxian"
        files = {file for pattern in patterns for file in base.glob(pattern)}
        self.files = sorted(str(f.relative_to(base)) for f in files if f.name != "__init__.py")
        self.reach: dict[tuple[str, int], set[str]] = defaultdict(set)
        self.lasts: dict[str, float] = {}

    def mutants(self) -> list[Mutant]:
        found = []
        for file in self.files:
            found += Changes(file, (CODE / "fangxian" / file).read_text(encoding="utf-8")).all()
        return found

    def run(self, tests: list[str], limit_s: float, *plugins: Callable[[], Any]) -> int | None:
        """The exit code of pytest in a process of its own; None when it ran out of time."""
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            try:
                self._child(tests, plugins)
            except BaseException:  # noqa: BLE001 - whatever it is, the child must not go on
                (self.folder / "out.txt").write_text(traceback.format_exc())
            os._exit(70)
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return None

    def _child(self, tests: list[str], plugins: tuple[Callable[[], Any], ...]) -> None:
        os.setpgid(0, 0)
        out = os.open(self.folder / "out.txt", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.path[:] = [str(self.source), *(p for p in sys.path if Path(p) != CODE)]
        sys.dont_write_bytecode = True
        os.environ |= {
            "PYTHONPATH": str(self.source),
            "TEST_CITY_FILE": str(self.folder / "city.sqlite3"),
            "CI": "1",
            "NUMBA_CACHE_DIR": str(self.folder / "numba"),
        }
        os.chdir(ROOT)
        import pytest

        off = ["randomly", "schemathesis", "playwright", "cacheprovider"]
        off_too = "-Wignore::pytest.PytestAssertRewriteWarning"  # of what was preloaded
        options = ["-x", "-q", "--nomigrations", off_too, *(f"-pno:{name}" for name in off)]
        code = pytest.main([*options, *tests], plugins=[make() for make in plugins])
        os._exit(int(code))

    def control(self) -> bool:
        """Run the unchanged copy and learn which test reaches which line."""
        map_file = self.folder / "map.json"
        source = str(self.source / PACKAGE)  # as files are named in frames
        tests = [*self.tests, *(f"--ignore={file}" for file in LEFT_OUT)]
        code = self.run(tests, 1200, lambda: Recorder(source + "/", map_file))
        if code != 0:
            say((self.folder / "out.txt").read_text()[-3000:])
            return False
        for test, row in json.loads(map_file.read_text()).items():
            self.lasts[test] = row["s"]
            for file, line in row["lines"]:
                self.reach[file, line].add(test)
        return True

    def near(self, mutant: Mutant) -> list[str]:
        """The tests that reach the changed statement, the quick ones first."""
        first, last = mutant.statement
        found: set[str] = set()
        if mutant.at_import:
            return self._quick_first(self.lasts)
        for line in range(first, last + 1):
            found |= self.reach.get((mutant.file, line), set())
        return self._quick_first(self.lasts if AT_IMPORT in found else found)

    def _quick_first(self, tests: Iterable[str]) -> list[str]:
        return sorted(set(tests) - {AT_IMPORT}, key=lambda test: self.lasts[test])

    def verdict(self, mutant: Mutant) -> str:
        """killed, survived, unreached or timeout."""
        target = self.source / "fangxian" / mutant.file
        good = target.read_text(encoding="utf-8")
        target.write_text(mutant.text, encoding="utf-8")
        try:
            near = self.near(mutant)
            if not near:
                return "unreached"
            code = self.run(near, 30 + 4 * sum(self.lasts[test] for test in near))
            return {None: "timeout", 0: "survived"}.get(code, "killed")
        finally:
            target.write_text(good, encoding="utf-8")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    call = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    call.add_argument("room", choices=ROOMS)
    call.add_argument("--sample", type=int, default=80)
    call.add_argument("--seed", type=int, default=1)
    call.add_argument("--only", default="", help="only changes whose line says this")
    told = call.parse_args()
    preload()
    bench = Bench(told.room)
    try:
        return report(bench, told)
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)


def report(bench: Bench, told: argparse.Namespace) -> int:
    began = time.monotonic()
    if not bench.control():
        say("control: FAILED; the run is void")
        return 1
    say(f"control: passed, {len(bench.lasts) - 1} tests, {time.monotonic() - began:.0f} s")
    every = [m for m in bench.mutants() if told.only in str(m)]
    chosen = random.Random(told.seed).sample(every, min(told.sample, len(every)))
    chosen.sort(key=lambda m: (m.file, m.line))
    say(f"{len(every)} possible changes in {len(bench.files)} files, {len(chosen)} of them made")
    counts: Counter[str] = Counter()
    for number, mutant in enumerate(chosen, 1):
        since = time.monotonic()
        verdict = bench.verdict(mutant)
        counts[verdict] += 1
        if verdict != "killed":
            say(f"{verdict:9} {mutant}")
        sys.stderr.write(f"  {number}/{len(chosen)} {time.monotonic() - since:.1f} s\r")
    noticed = counts["killed"] + counts["timeout"]
    lived = counts["survived"] + counts["unreached"]
    say(f"killed {counts['killed']}, timeouts {counts['timeout']}, survived {lived}")
    say(f"kill rate {100 * noticed / max(1, len(chosen)):.0f} % (seed {told.seed})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
