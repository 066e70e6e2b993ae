"""Foul values in every address, every question of an address and every field of a form: a refusal
in words, never a fault of ours."""

import re
import time
from collections import Counter
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import quote, urljoin, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, URLResolver, get_resolver, resolve
from rivers import river

from fangxian.hazards.flood.reservoir.models import Dam
from fangxian.hazards.flood.tables import river_marks, shipped_thresholds
from fangxian.ops.worker import Worker
from fangxian.spine.assess.models import Threshold
from fangxian.spine.assess.write import load_thresholds
from fangxian.spine.command.write.responses import set_response
from fangxian.spine.core import clock
from fangxian.spine.core.levels import Level
from fangxian.spine.core.registers import REGISTERS
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe.models import Quarantine, Series
from fangxian.spine.observe.store import Quality, Reading
from fangxian.spine.ready.models import Shelter, Team
from fangxian.spine.ready.write import stock
from fangxian.spine.registry.models import Post, Site
from fangxian.spine.registry.read import city as the_city

FOUL = (
    "9" * 5000,
    "nan",
    "²",
    "-1",
    "9" * 40,
    "1e308",
    "1e999",
    "１",
    "\x00",
    "\u200b",
    "\r\n",
    "2021-02-30",
    "0001-01-01T00:00+14:00",
    "9999-12-31T23:59",
    "<img src=x onerror=alert(1)>",
)
ASKED = "q page hq part as rule from to hours kind on place state a b skill view layer at about"
ASKED += " owed day key other_kind other depth post point sort cursor limit topics k reason"
STRANGE = ("0", "9" * 19, "9" * 5000, "²", "１", "x", "%00", "%ff", "..", "<script>")
PEOPLE = ("lin", "huang", "guan", "xu", "chen")
FEWEST, FEWEST_FORMS = 40, 30  # pages
CRAWL_S, FORMS_S, ASKED_S, PATHS_S = 16, 18, 6, 5
WAITS = {"live", "readyz", "accounts/logout/"}  # stream; tells of a worker that is not there


class Read(HTMLParser):
    """The links of a page and its forms with what they would send."""

    def __init__(self):
        super().__init__()
        self.links, self.forms, self.form, self.chosen = [], [], None, ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.links += [given[k] for k in ("href", "hx-get") if given.get(k)]
        name = given.get("name")
        if tag == "form":
            self.form = (given.get("action") or "", (given.get("method") or "get").lower(), {})
            self.forms.append(self.form)
        elif self.form and name and tag in ("input", "textarea", "button"):
            kind = given.get("type", "text")
            usual = {"number": "5", "date": "2016-09-14", "datetime-local": "2016-09-14T08:00"}
            value = given.get("value") or usual.get(kind, "" if kind == "hidden" else "试")
            if name != "csrfmiddlewaretoken":
                self.form[2].setdefault(name, None if kind == "file" else value)
        elif self.form and name and tag == "select":
            self.form[2][name], self.chosen = "", name
        elif self.form and tag == "option" and self.chosen:
            self.form[2][self.chosen] = self.form[2].get(self.chosen) or given.get("value") or ""

    def handle_endtag(self, tag):
        self.chosen = "" if tag == "select" else self.chosen
        self.form = None if tag == "form" else self.form


def routes(rows=None, before=""):
    for row in rows or get_resolver().url_patterns:
        if isinstance(row, URLResolver):
            yield from routes(row.url_patterns, before + str(row.pattern))
        else:
            yield before + str(row.pattern)


def route(address):
    try:
        return resolve(urlsplit(address).path).route
    except (Resolver404, ValueError):
        return None


class Walk:
    """Sends and takes everything back; keeps what failed."""

    def __init__(self):
        self.faults = {}
        self.clients = {}
        for name in PEOPLE:
            self.clients[name] = Client()
            self.clients[name].force_login(get_user_model().objects.get(username=name))

    def send(self, who, method, address, data=None, note=""):
        answer = None
        try:
            with transaction.atomic():
                answer = getattr(self.clients[who], method)(address, data)
                transaction.set_rollback(True)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self.note(who, method, address, note, f"{type(error).__name__}: {str(error)[:90]}")
            return None
        if answer.status_code >= 500:
            self.note(who, method, address, note, str(answer.status_code))
        return answer

    def note(self, who, method, address, note, what):
        key = (route(address), note.partition("=")[0], what[:30])
        told = f"{who} {method} {address[:80]} {note[:60]!a} {what!a}"
        self.faults.setdefault(key, told)


@pytest.fixture
def filled(gauge, hexi, lin, chen, telemetry, now):
    """Something of most kinds, so that most forms are there to be filled."""
    load_thresholds(shipped_thresholds(), by=SYSTEM)
    load_thresholds(river_marks(gauge, {"WRZ": 22.0, "GRZ": 23.0}, source="t"), by=SYSTEM)
    at_s = int(now.at.timestamp())
    rain = Series.objects.create(station=gauge, element="P5", unit="mm", step_s=300)
    stage = Series.objects.create(station=gauge, element="Z", unit="m")
    rows = [Reading(rain.pk, at_s - 300 * k, 2.9, Quality.GOOD) for k in range(40)]
    rows += [Reading(stage.pk, at_s - 3600, 23.5, Quality.SUSPECT, "rise")]
    telemetry.put(rows, received_s=at_s)
    Quarantine.objects.create(code="79999999", first_at=now.at, last_at=now.at, frames=3)
    post = Post.objects.get(pk=chen.post_id)
    Team.objects.create(
        code="T1", name="队", place=hexi, post=post, skills=["boat"], headquarters=["flood"], size=9
    )
    made = {
        kind: Site.objects.create(
            kind=kind, code=f"{kind[0]}1", name=kind, place=hexi, lon=117.2, lat=24.8
        )
        for kind in ("shelter", "warehouse", "hazard_point", "port", "hotel")
    }
    Shelter.objects.create(site=made["shelter"], flood=10, contacts=4, cases=0)
    day = clock.beijing(now.at).date() + timedelta(days=9)
    stock.receive_goods(
        site=made["warehouse"], kind="water", lot="L", quantity=9, expires_on=day, by=SYSTEM
    )
    levels = {"dead_m": 40, "limit_m": 55, "top_m": 60, "safe_m3s": 60, "source": "t"}
    Dam.objects.create(gauge=gauge, basin=river(), **levels)
    set_response(
        hazard="rain",
        place=the_city(),
        level=Level.III,
        reason="t",
        document_no="1",
        by=SYSTEM,
    )
    Worker().settle()
    keys = {"team": Team.objects.get().pk, "store": made["warehouse"].pk}
    return [
        *(f"/teams/{keys['team']}", f"/stores/{keys['store']}", f"/shelters/{made['shelter'].pk}"),
        *("/forecast/B1", "/forecast/B1/calibrate", f"/reservoirs/{gauge.code}"),
    ]


def crawl(walk, first):
    """Pages by route, and forms by where they go."""
    pages, forms, began = {}, {}, time.monotonic()
    whole = [f"/{one}" for one in routes() if "<" not in one and one not in WAITS]
    for who in PEOPLE:
        last = who == PEOPLE[-1]
        waiting, got = [*first, *(f"/registers/{r}" for r in REGISTERS), *whole], Counter()
        until = time.monotonic() + (began + CRAWL_S - time.monotonic()) / (
            len(PEOPLE) - PEOPLE.index(who)
        )
        # a slow machine takes longer: it does not look at less
        few = lambda: len(pages) <= FEWEST or len(forms) <= FEWEST_FORMS  # noqa: E731
        while waiting and (time.monotonic() < until or (last and few())):
            address = waiting.pop(0).partition("#")[0]
            one = route(address)
            if one is None or got[one] or one in WAITS:
                continue
            answer = walk.send(who, "get", address, note="plain")
            if answer is None or answer.status_code != 200:
                continue
            got[one] += 1
            pages.setdefault(one, (who, address))
            if "html" not in answer.get("Content-Type", ""):
                continue
            read = Read()
            read.feed(answer.content.decode())
            for link in (urljoin(address, link) for link in read.links):
                waiting.insert(0 if "<" in (route(link) or "") else len(waiting), link)
            for action, method, fields in read.forms:
                to = urljoin(address, action or address)
                if method == "post" and route(to) not in (None, *WAITS):
                    forms.setdefault((route(to), *sorted(fields)), (who, to, fields))
    return pages, forms


def forms_of_foul_values(walk, forms):
    until = time.monotonic() + FORMS_S
    tries = [
        (who, to, fields, name, value)
        for value in FOUL
        for who, to, fields in forms.values()
        for name in fields
    ]
    for who, to, fields, name, value in tries:
        if time.monotonic() > until:
            break
        given = {k: "" if v is None else v for k, v in fields.items()} | {name: value}
        walk.send(who, "post", to, given, note=f"{name}={value}")
    for who, to, fields in forms.values():
        given = {k: v for k, v in fields.items() if v is not None}
        for name in [k for k, v in fields.items() if v is None]:
            for content in (b"", b"\xff\x00", b"PK\x03\x04bad", b"[" * 50_000):
                file = SimpleUploadedFile("a.xlsx", content)
                walk.send(who, "post", to, given | {name: file}, note=f"{name}=file")
        walk.send(who, "post", to, {}, note="nothing")
        walk.send(who, "post", to, given, note="plain")


def questions_of_foul_values(walk, pages):
    until = time.monotonic() + ASKED_S
    for value in (*FOUL, "\ud800"):
        given = quote(value.encode("utf-8", "surrogatepass"), safe="")
        every = "&".join(f"{name}={given}" for name in ASKED.split() if name != "as")
        for who, address in pages.values():
            if time.monotonic() > until:
                return
            walk.send(who, "get", f"{urlsplit(address).path}?{every}", note=f"all={value}")


def addresses_of_foul_values(walk):
    until = time.monotonic() + PATHS_S
    for value in STRANGE:
        given = value if value.startswith("%") else quote(value, safe="")
        for one in routes():
            address = "/" + re.sub(r"<[^>]+>", given, one)
            if "<" not in one or route(address) is None or time.monotonic() > until:
                continue
            for method in ("get", "post"):
                walk.send("guan", method, address, note=f"path={value}")


def test_no_foul_value_is_a_fault_of_ours(filled):
    walk = Walk()
    pages, forms = crawl(walk, filled)
    assert len(pages) > FEWEST
    assert len(forms) > FEWEST_FORMS
    forms_of_foul_values(walk, forms)
    questions_of_foul_values(walk, pages)
    addresses_of_foul_values(walk)
    assert sorted(walk.faults.values()) == []


@pytest.mark.parametrize("value", ["1e999", "nan", "-inf"])
def test_a_threshold_is_a_finite_number(gauge, guan, value):
    load_thresholds(river_marks(gauge, {"WRZ": 22.0}, source="t"), by=SYSTEM)
    browser = Client()
    browser.force_login(get_user_model().objects.get(username="guan"))
    key = Threshold.objects.get().pk
    answer = browser.post(f"/watch/thresholds/{key}", {"value": value, "source": "文"})
    assert answer.status_code == 422
