"""`python -m tests.field FOLDER...`: PASS or FAIL, the case, and what does not hold. Steps play
each in a process and a copy of one data folder, made once."""

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
os.environ |= {"LC_ALL": "en_US.UTF-8", "FANGXIAN_SECRET_KEY": "field"}
os.environ["DJANGO_SETTINGS_MODULE"] = "fangxian.settings"


def make_base(folder: Path) -> None:
    """A data folder with the city and its synthetic staff from 1 January 2026."""
    folder.mkdir()
    os.environ["FANGXIAN_DATA_DIR"] = str(folder)
    import django

    django.setup()
    from fangxian.ops.bootstrap import make_ready
    from fangxian.spine.core import clock
    from fangxian.spine.core.clock import BEIJING, FixedClock
    from fangxian.spine.core.rights import SYSTEM
    from fangxian.spine.registry.load import make_staff

    clock.install(FixedClock(datetime(2026, 1, 1, tzinfo=BEIJING)))
    make_ready()
    make_staff(since=clock.now(), password="field", by=SYSTEM)


def base() -> Path:
    """The folder of this source, made when it is not there."""
    newest = max(int(p.stat().st_mtime) for p in (ROOT / "src").rglob("*.py"))
    folder = Path(tempfile.gettempdir()) / f"fangxian-field-{os.getuid()}-{newest}"
    if not folder.exists():
        part = folder.with_name(f"{folder.name}.{os.getpid()}")
        subprocess.run([sys.executable, "-m", "tests.field", "--base", str(part)], check=True)
        part.rename(folder)
    return folder


def judge(folder: Path) -> list[str]:
    """What does not hold in one case."""
    import field_case

    case = field_case.read_case(folder)
    work = Path(tempfile.mkdtemp(prefix="field-"))
    try:
        if "cli" in case and not case.get("needs_var"):
            return field_case.unmet(case, field_case.play_calls(case, folder, work))
        shutil.copytree(base(), work / "var")
        more = {"FANGXIAN_DATA_DIR": str(work / "var"), **case.get("env", {})}
        done = subprocess.run(
            [sys.executable, "-m", "tests.field", "--one", str(folder)],
            capture_output=True,
            text=True,
            env={**os.environ, **more},
        )
        broke = [] if done.returncode == 0 else [f"broke: {done.stderr.strip()[-800:]}"]
        return broke or done.stdout.splitlines()
    finally:
        shutil.rmtree(work, ignore_errors=True)


def play_one(folder: Path) -> None:
    """In this process's data folder; what does not hold, one a line."""
    import django

    django.setup()
    import field_case

    case = field_case.read_case(folder)
    work = Path(os.environ["FANGXIAN_DATA_DIR"]).parent
    if "cli" in case:
        out = field_case.play_calls(case, folder, work)
    else:
        out = field_case.play_steps(case, folder)
    for sentence in field_case.unmet(case, out):
        sys.stdout.write(sentence.replace("\n", " ") + "\n")


def main(words: list[str]) -> int:
    if words[:1] == ["--base"]:
        make_base(Path(words[1]))
        return 0
    if words[:1] == ["--one"]:
        play_one(Path(words[1]))
        return 0
    failed = 0
    for folder in map(Path, words):
        wrong = judge(folder.resolve())
        failed += bool(wrong)
        sys.stdout.write(f"{'FAIL' if wrong else 'PASS'} {folder.name} {'; '.join(wrong)}\n")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
