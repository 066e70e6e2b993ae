"""The house as a machine sees it: rights on every route and write, every event wired, every text
translated, files short, nothing of this machine named."""

import ast
import re
import subprocess
from pathlib import Path

import polib
import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

import fangxian
from fangxian.spine.core.words import EVENTS
from fangxian.wiring import COVER, WIRING

SRC = Path(fangxian.__file__).parent
ROOT = SRC.parents[1]
ROOMS = sorted(p.parent for p in SRC.glob("spine/*/models.py"))
WRITERS = [
    *SRC.glob("spine/*/write.py"),
    *SRC.glob("spine/*/write/*.py"),
    SRC / "spine/registry/load.py",
]

# Pages anybody may open, each with its reason.
PUBLIC = {
    "a/<str:token>": "the signed token is the proof",
    "calendars/<str:code>.ics": "the signed code is the proof: one person's own turns",
    "drill/story": "what a drill tells everybody; a real folder has none",
    "drill/sit": "only the cast of a drill; a real folder has none",
    "live": "says only that something changed; asks for a log-in itself",
    "language": "a visitor's language",
    "seat": "takes only a seat of one's own; asks for a log-in itself",
    "password/<uidb64>/<token>": "the signed token is the proof, good for one use",
    "odk/key/<str:token>/formList": "the secret of a phone in the address is the proof",
    "odk/key/<str:token>/forms/<str:code>.xml": "as formList",
    "odk/key/<str:token>/forms/<str:code>/manifest": "as formList",
    "odk/key/<str:token>/forms/<str:code>/itemsets.csv": "as formList",
    "odk/key/<str:token>/submission": "as formList",
    "m/sw.js": "a script without data",
    "h/<str:token>": "the signed token is the proof; shows no name",
    "declare": "who comes declares himself; shows nothing that is known",
    "healthz": "for the process watcher",
    "readyz": "for the process watcher",
    "metrics": "counts only, no names",
}
# Writers that ask no right because what calls them has: an event function, or a signed link.
ASKED_ELSEWHERE = {
    "hear_field",  # by an answer, whose sender reach knows
    "apply_correction",  # by the event that tells of it, which asked
    "call_receiver",
    "tell_of_glass",
    "open_by_receiver",
    "due_moment",
    "stop_calling",
    "call_next",
    "call_after_failure",
    "tell_extended",
    "tell_moved",
    "tell_of_plea",
    "tell_settled",
    "tell_withdrawn",
    "clocks_of",
    "answering_posts",
    "may_decide_here",
    "note_deadline",
    "take_answer",
    "propose_on_signal",
    "extend_to_signals",
    "poll_gateway",
    "mark_seen",
    "open_link",
    "answer_link",
    "parcel_key",
    "order_text",
    "limits_in_force",
    "silence_limit",
    "readings_of",
    "digest",
    "element_unit",
    "take_inspection",
    "find_by_report",
    "look_at_photos",
    "follow_order",
    "follow_extension",
    "follow_again",
    "follow_merge",
}


def routes(patterns=None, prefix=""):
    for entry in patterns or get_resolver().url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            yield path, entry.callback


def our_routes():
    return [(p, c) for p, c in routes() if not p.startswith(("api/", "accounts/"))]


def test_every_page_declares_a_right_or_a_reason():
    undeclared = [path for path, view in our_routes() if not getattr(view, "right", None)]
    assert undeclared == []
    public = {path for path, view in our_routes() if view.right == "public"}
    assert public == set(PUBLIC)


@pytest.mark.django_db
def test_every_page_refuses_a_visitor_and_a_person_without_a_post(django_user_model):
    visitor, nobody = Client(), Client()
    nobody.force_login(django_user_model.objects.create(username="nobody"))
    for path, view in our_routes():
        if view.right == "public":
            continue
        address = "/" + re.sub(r"<\w+:(\w+)>", "1", path)
        assert visitor.get(address).status_code == 302, path
        assert nobody.get(address).status_code in (403, 405), path


@pytest.mark.django_db
def test_every_api_address_refuses_a_stranger():
    for path, _ in routes():
        if path.startswith("api/v1/") and not path.endswith(("docs", "openapi.json", "v1/")):
            address = "/" + re.sub(r"<\w+:?\w*>", "1", path)
            assert Client().get(address).status_code in (401, 405), path


def functions(path):
    """Functions and methods of classes that anybody can call."""
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
            yield from (n for n in methods if not n.decorator_list)  # no properties


@pytest.mark.parametrize("path", WRITERS, ids=lambda p: str(p.relative_to(SRC)))
def test_every_public_writer_asks_a_right(path):
    silent = [
        node.name
        for node in functions(path)
        if not node.name.startswith("_")
        and node.name not in ASKED_ELSEWHERE
        and not re.search(r"\b(require|move|_answer|_decide|_check_decision)\(", ast.unparse(node))
    ]
    assert silent == []


def test_every_event_that_causes_something_is_one_that_is_declared():
    assert set(WIRING) - set(EVENTS) == set()
    assert all(zh and en for zh, en in EVENTS.values())


def test_every_room_has_cover_rules_or_says_why_not():
    without = {
        "core": "its dead letters are covered by command",
        "cover": "words the rules of registry and people, in duties.py, sites.py, people.py",
        "people": "its rules are worded in cover, which lies above",
        "reach": "its dead letters are covered by command",
        "assess": "a stale signal shows as a silent station",
        "ready": "what plans lack is found by command, which raises them (plan_cover.py)",
    }
    rooms = {p.name for p in ROOMS}
    covered = {p.parent.name for p in SRC.glob("spine/*/cover.py")}
    assert rooms - covered - set(without) == set()
    assert len({rule.code for rule in COVER}) == len(COVER) >= 8


def test_no_file_is_longer_than_400_lines():
    files = [*SRC.rglob("*.py"), *SRC.rglob("*.js"), *SRC.rglob("*.html"), *SRC.rglob("*.css")]
    long = {
        str(p.relative_to(SRC)): n
        for p in files
        if "migrations" not in p.parts and (n := len(p.read_text().splitlines())) > 400
    }
    assert long == {}


def test_every_text_has_its_english():
    catalogue = polib.pofile(str(SRC / "locale/en/LC_MESSAGES/django.po"))
    known = {entry.msgid for entry in catalogue if entry.msgstr or entry.msgstr_plural}
    missing = set()
    for path in SRC.rglob("*.html"):
        found = re.findall(r"""\{% translate (['"])(.+?)\1""", path.read_text())
        missing |= {text for _, text in found} - known
    for path in SRC.rglob("*.py"):
        missing |= set(re.findall(r'\bgettext\("([^"]+)"\)', path.read_text())) - known
    assert missing == set()


def test_the_compiled_catalogue_is_fresh():
    folder = SRC / "locale/en/LC_MESSAGES"
    source = {e.msgid: e.msgstr for e in polib.pofile(str(folder / "django.po"))}
    compiled = {e.msgid: e.msgstr for e in polib.mofile(str(folder / "django.mo"))}
    assert compiled == {k: v for k, v in source.items() if k in compiled}
    assert len(compiled) == len(source)


def test_only_the_store_speaks_sqlite():
    loud = re.compile(r"sqlite3\.connect|WITHOUT ROWID|INSERT OR")
    speakers = {str(p.relative_to(SRC)) for p in SRC.rglob("*.py") if loud.search(p.read_text())}
    assert speakers <= {
        "spine/observe/store.py",
        "spine/observe/statements.py",
        "spine/observe/sums.py",
        "spine/observe/telemetry.py",
        "spine/observe/tracks.py",
        "spine/core/marks.py",  # the head of a file, before Django is there
        "ops/backup.py",  # both files at one moment
        "ops/folder.py",
        "ops/moving.py",  # rows of one store into the other
        "hazards/flood/sl323/sources.py",  # tables of others, read only
    }


def test_pages_need_nothing_newer_than_chrome_90():
    newer = re.compile(r":has\(|@container|@layer|\bstructuredClone\b|\.at\(-|Object\.hasOwn")
    files = [*SRC.rglob("*.js"), *SRC.rglob("*.css")]
    assert [p.name for p in files if newer.search(p.read_text())] == []
    assert not [
        p for p in SRC.rglob("*.html") if re.search(r'(src|href)="(https?:)?//', p.read_text())
    ]


def test_nothing_names_this_machine():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    words = re.compile("/" + "work/|/" + "root/|pypi" + r"\.org|npm" + r"js\.org|deb" + r"ian\.org")
    told = []
    for name in listed.stdout.split("\n"):
        path = ROOT / name
        text = path.suffix in {".py", ".md", ".toml", ".json", ".sh", ".lock", ""}
        if text and path.is_file() and words.search(path.read_text(errors="ignore")):
            told.append(name)
    assert told == []


def test_messages_leave_by_one_door():
    """httpx and smtplib speak to others only in reach.channels; Django's own mail goes nowhere. The
    supervisor and the senders of a drill ask the pages of this machine."""
    outward = re.compile(r"^\s*(import|from) (httpx|smtplib|requests|urllib\.request)", re.M)
    doors = {str(p.relative_to(SRC)) for p in SRC.rglob("*.py") if outward.search(p.read_text())}
    assert doors == {"spine/reach/channels.py", "ops/supervisor.py", "ops/demo/letters.py"}
    assert 'EMAIL_BACKEND = "django.core.mail.backends.dummy' in (SRC / "settings.py").read_text()


def test_no_writer_has_a_default_actor():
    """Who does it is always said: a default would be a door without a lock."""
    defaulted = []
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
                defaulted += [f"{path.name}:{node.name}" for a, d in named if a.arg == "by" and d]
    assert defaulted == []
