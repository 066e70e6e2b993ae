"""The exit certificate: what a phone can check, and what it refuses by name."""

import base64
import json

import pytest
from goods import announced, site, through

from fangxian.hazards.epidemic.coldchain.write import certificates, papers, scans
from fangxian.hazards.epidemic.coldchain.write.positives import seal_lot
from fangxian.spine.core import clock
from fangxian.spine.core.rights import SYSTEM


@pytest.fixture
def lot(store, four):
    return through(announced(), people=four)


@pytest.fixture
def good(lot):
    return lot.certificates.get(revoked_at=None)


def shown(lot, **other):
    return {**{p.kind: p.sha256 for p in lot.papers.filter(replaced_at=None)}, **other}


def why(code, held):
    return "；".join(scans.against(code, held, clock.now())[1])


def test_the_right_papers_pass(lot, good):
    assert why(certificates.code_of(good), shown(lot)) == ""


def test_a_missing_and_a_replaced_paper_are_named(lot, good):
    held = shown(lot, disinfection="0" * 64)
    del held["nucleic"]
    told = why(certificates.code_of(good), held)
    assert "缺 核酸检测证明" in told
    assert "消毒证明被换过" in told


@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_changed_code_is_a_fake(good, lot, part):
    parts = certificates.code_of(good).split(".")
    if part == 2:
        body = {**good.body, "w": 9999}
        text = certificates.text_of(body)
        parts[2] = base64.urlsafe_b64encode(text).decode().rstrip("=")
    else:
        parts[part] = parts[part][:-2] + ("AA" if parts[part][-2:] != "AA" else "BB")
    assert "签名不对" in why(".".join(parts), shown(lot))


@pytest.mark.parametrize("code", ["", "x", "FX1.a.b", "FX1.k.%%%.###", "FX1...", "a" * 700])
def test_what_is_no_certificate_is_said_to_be_none(code):
    assert scans.read_code(code).why


def test_a_sealed_lot_is_refused(lot, good):
    seal_lot(lot=lot, reason="同批阳性", by=SYSTEM)
    told = why(certificates.code_of(good), shown(lot))
    assert "已作废" in told
    assert "已封存" in told


def test_a_replaced_paper_takes_the_certificate_with_it(lot, good):
    papers.enter_paper(lot=lot, kind="customs", content=b"other", by=SYSTEM)
    assert not lot.certificates.filter(revoked_at=None).exists()


def test_a_scan_is_taken_once(lot, good):
    said = scans.Said(
        "i1", certificates.code_of(good), shown(lot), site("market", "M1"), clock.now()
    )
    first, again = (scans.take_scan(said, by=SYSTEM) for _ in range(2))
    assert first.pk == again.pk
    assert first.ok


def test_the_body_is_the_same_bytes_in_any_order(good):
    turned = dict(reversed(good.body.items()))
    assert certificates.text_of(turned) == certificates.text_of(good.body)
    assert json.loads(certificates.text_of(turned)) == good.body
