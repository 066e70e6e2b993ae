"""A toy subject, made by the list of docs/adding-a-subject.md, works from its first row to a closed
order, with no more than four lines changed outside its folder."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fangxian

SRC = Path(fangxian.__file__).parent
ROOT = SRC.parents[1]
TOY = ROOT / "tests/toy/crates"
MOST_LINES = 4
# file, the line it stands after, the line that is added
CENTRAL = [
    ("settings.py", '    "fangxian.spine.command",', '    "fangxian.hazards.epidemic.crates",'),
    (
        "wiring.py",
        "from fangxian.hazards.flood.rain import subject as rain",
        "from fangxian.hazards.epidemic.crates import subject as crates",
    ),
    ("wiring.py", "SUBJECTS: tuple[Subject, ...] = (", "    crates.SUBJECT,"),
]

STORY = """
import json
import django; django.setup()
from datetime import timedelta
from django.contrib.auth import get_user_model
from django.test import Client
from fangxian.ops.bootstrap import make_ready
from fangxian.ops.worker import Worker
from fangxian.spine.core import clock
from fangxian.spine.core.clock import FixedClock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.core.levels import Level
from fangxian.spine.core.problems import Problem
from fangxian.spine.registry.load import make_staff
from fangxian.spine.registry.models import Person, Place
from fangxian.spine.registry.read import seat_of_person
from fangxian.spine.assess.models import Signal
from fangxian.spine.assess.write import acknowledge
from fangxian.spine.command.tasks import Task
from fangxian.spine.command.write import orders as do
from fangxian.spine.command.write.calls import order_text
from fangxian.spine.cover.models import Gap
from fangxian.hazards.epidemic.crates.write import enter_crate, enter_result

fixed = FixedClock(clock.now()); clock.install(fixed)
make_ready()
make_staff(since=clock.now().replace(month=1, day=1), password="x", by=SYSTEM)
seat = lambda name: seat_of_person(Person.objects.get(user__username=name))
lin, chen, huang = seat("lin"), seat("chen"), seat("huang")
hexi = Place.objects.get(name="和溪镇", kind="town")
told = {}
try:
    enter_crate(number="X", goods="虾", place=hexi, by=chen)
except Problem as refused:
    told["refused"] = refused.code
crate = enter_crate(number="XM-2026-001", goods="冻虾", place=hexi, by=lin)
enter_crate(number="XM-2026-002", goods="冻鱼", place=hexi, by=lin)
worker = Worker()
fixed.advance(hours=30)
worker.cover(force=True)
gaps = Gap.objects.filter(rule="crate-untested", until=None)
told["gaps"] = [str(g.fields["crate"]) for g in gaps]
enter_result(crate=crate, positives=2, by=lin)
worker.settle(); worker.cover(force=True)
told["gaps_after"] = Gap.objects.filter(rule="crate-untested", until=None).count()
browser = Client(); browser.force_login(get_user_model().objects.get(username="lin"))
told["desk"] = "冻虾 XM-2026-001" in browser.get("/").content.decode()
told["desk_of_flood"] = "冻虾 XM-2026-001" in browser.get("/?hq=flood").content.decode()
told["desk_of_epidemic"] = "冻虾 XM-2026-001" in browser.get("/?hq=epidemic").content.decode()
signal = Signal.objects.get(family="crate-positive")
told["signal"] = [signal.about_kind, signal.about_key, Level(signal.level).name]
acknowledge(signals=[signal], by=lin)
task = Task(area=hexi, verb="封存", object="批次", minutes=60, about=signal.about)
[order] = do.issue_orders([task], hazard="epidemic", level=Level.I, by=lin)
told["text"] = order_text(order)
worker.settle()
do.acknowledge_order(order=order, by=chen)
do.report_done(order=order, note="已封存", by=chen)
do.verify_order(order=order, by=lin)
do.close_order(order=order, reason="核验", by=lin)
told["order"] = [order.about_kind, order.about_key, order.state]
told["page"] = "XM-2026-001" in browser.get("/registers/crates?q=冻虾").content.decode()
told["api"] = browser.get("/api/v1/crates?q=002").json()
told["xlsx"] = len(browser.get("/registers/crates?as=xlsx").content) > 1000
from fangxian.spine.core.words import event_words
told["words"] = event_words("crate.tested", "zh")
from fangxian.spine.core.hazards import family_name
told["family"] = family_name("crate-positive", "en")
from fangxian.spine.core.things import thing
told["thing"] = thing("crate", "XM-2026-001").title
print(json.dumps(told, ensure_ascii=False))
"""


def run(house, *words, code=""):
    arguments = ["-c", code] if code else ["-m", "django", *words]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FANGXIAN_")} | {
        "PYTHONPATH": str(house / "src"),
        "DJANGO_SETTINGS_MODULE": "fangxian.settings",
        "FANGXIAN_DATA_DIR": str(house / "var"),
        "FANGXIAN_SECOND_FACTOR": "0",
        "FANGXIAN_SECRET_KEY": "toy",
        "FANGXIAN_ALLOWED_HOSTS": "testserver,localhost",
    }
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=house, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the house with the toy in it."""
    copy = tmp_path_factory.mktemp("with-a-toy")
    shutil.copytree(SRC, copy / "src/fangxian", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    shutil.copy(ROOT / "pyproject.toml", copy)
    shutil.copytree(TOY, copy / "src/fangxian/hazards/epidemic/crates")
    for name, after, line in CENTRAL:
        path = copy / "src/fangxian" / name
        text = path.read_text()
        assert text.count(after) == 1, (name, after)
        path.write_text(text.replace(after, f"{after}\n{line}"))
    run(copy, "makemigrations", "crates")
    return copy


def test_no_more_than_four_lines_outside_its_folder():
    assert len(CENTRAL) <= MOST_LINES


def test_it_works_from_its_first_row_to_a_closed_order(house):
    told = json.loads(run(house, code=STORY).splitlines()[-1])
    assert told["refused"] == "rights.denied"
    assert (told["gaps"], told["gaps_after"]) == (["冻虾 XM-2026-001", "冻鱼 XM-2026-002"], 1)
    assert (told["desk"], told["desk_of_epidemic"], told["desk_of_flood"]) == (True, True, False)
    assert told["signal"] == ["crate", "XM-2026-001", "I"]
    assert told["text"].startswith("【漳州疫指】疫情Ⅰ级 和溪镇封存批次")
    assert told["order"] == ["crate", "XM-2026-001", "closed"]
    assert told["page"]
    assert told["xlsx"]
    assert told["api"]["items"] == [
        {"number": "XM-2026-002", "goods": "冻鱼", "place": "和溪镇", "positives": None}
    ]
    assert (told["words"], told["family"]) == ("批次检测", "Positive crate")
    assert told["thing"] == "冻虾 XM-2026-001"


def test_the_subject_itself_is_short_and_the_document_names_its_files():
    assert len((TOY / "subject.py").read_text().splitlines()) <= 35
    text = (ROOT / "docs/adding-a-subject.md").read_text()
    for path in TOY.glob("*.py"):
        assert path.name in text, path.name
    for _, _, line in CENTRAL:
        assert re.sub(r"\s+", " ", line.strip()) in re.sub(r"\s+", " ", text), line
