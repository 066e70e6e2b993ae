"""Every page of the cold chain and of the coast with something on it, in both languages; seals are
not opened by a word."""

import pytest
from django.test import Client
from goods import DAY_0, announced, crew, declaration, negative, site, through
from sea import boat, crew_of
from story import seat_of

from fangxian.hazards.epidemic.coast import ticking
from fangxian.hazards.epidemic.coast.write import trips
from fangxian.hazards.epidemic.coldchain import models as m
from fangxian.hazards.epidemic.coldchain.write import dividing, holds, lots, samples
from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.observe import tracks as trackfile

pytestmark = pytest.mark.django_db


@pytest.fixture
def xu(city, now, tmp_path, monkeypatch):
    file = trackfile.TrackFile(tmp_path / "tracks.sqlite3")
    monkeypatch.setattr(trackfile, "_open", lambda path: file)
    monkeypatch.setattr(ticking, "_last", [0])
    now.at = DAY_0
    return seat_of("xu")


@pytest.fixture
def browser(xu, django_user_model):
    client = Client()
    client.force_login(django_user_model.objects.get(username="xu"))
    return client


@pytest.fixture
def halves(xu):
    """A positive half on a market, another in a store that is held."""
    staff = crew(2, store=site())
    lot = through(announced(declared=declaration()), people=staff)
    made = dividing.divide(
        parents=[(lot, 1000)],
        children=[dividing.Part("L1-a", 400), dividing.Part("L1-b", 600)],
        how="split",
        by=SYSTEM,
    )
    lots.arrive(lot=made[0], site=site("market", "M1", "市场"), by=SYSTEM)
    negative(
        samples.take([samples.Tube("POS", "packing", lot=made[0])], by=SYSTEM)[0],
        result="positive",
    )
    holds.hold_site(site=site(), cause="power", why="停电", by=SYSTEM)
    return made


def addresses():
    yield from ("/coldchain", "/coldchain/coverage", "/coldchain/refused", "/m/cold-scan")
    yield from (f"/coldchain/lots/{lot.number}" for lot in m.Lot.objects.all())
    yield from (f"/coldchain/stores/{pk}" for pk in m.Visit.objects.values_list("site", flat=True))
    yield from (f"/coldchain/positives/{one.pk}" for one in m.Positive.objects.all())
    yield from (f"/coldchain/certificates/{one.serial}" for one in m.Certificate.objects.all())
    yield from ("/coast", "/coast/map", "/coast/patrols", "/coast/tips")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_opens(browser, halves, language):
    vessel = boat()
    trip = trips.go_out(
        vessel=vessel, people=crew_of(vessel), due_at=clock.now().replace(hour=20), by=SYSTEM
    )
    browser.cookies["django_language"] = language
    found = [*addresses(), f"/coast/vessels/{vessel.number}", f"/coast/trips/{trip.pk}"]
    assert {at: code for at in found if (code := browser.get(at).status_code) != 200} == {}


def sealed(browser, number, **told):
    return browser.post(f"/coldchain/lots/{number}/seal", {"verb": "open", **told})


def test_what_is_positive_itself_is_not_opened_by_a_word(browser, halves):
    assert sealed(browser, "L1-a", reason="开").status_code == 422
    assert m.Lot.objects.get(number="L1-a").seal == "sealed"


def test_what_is_opened_by_a_word_is_sampled_anew(browser, halves):
    assert sealed(browser, "L1-b", reason="不同车间").status_code == 302
    lot = m.Lot.objects.get(number="L1-b")
    assert (lot.seal, lot.state, lot.tubes) == ("", "unloaded", 0)
    assert not lot.certificates.filter(revoked_at=None).exists()
