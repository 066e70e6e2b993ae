"""The field cases, each in this process: small inputs that went wrong in other systems."""

import dataclasses
import sys

import field_case
import pytest
import scene  # noqa: F401 - with all modules that ask for settings

from fangxian.hazards.flood.tables import shipped_thresholds
from fangxian.spine.assess.write import load_thresholds
from fangxian.spine.core.config import config
from fangxian.spine.core.rights import SYSTEM

CASES = field_case.folders("cases", "passing")
CALLS = [f for f in CASES if "cli" in field_case.read_case(f)]
STEPS = [f for f in CASES if f not in CALLS]


def judged(folder, wrong):
    """A case of ``not_yet.txt`` that holds must leave that list."""
    if folder.name in field_case.not_yet():
        assert wrong, f"{folder.name} holds now: take it out of not_yet.txt"
        return
    assert wrong == []


@pytest.fixture
def ready(city):
    """The city with the rules that ship."""
    load_thresholds(shipped_thresholds(), by=SYSTEM)


def set_config(monkeypatch, environment):
    """Settings of a case, wherever they are asked for."""
    own = {name.removeprefix("FANGXIAN_").lower(): value for name, value in environment.items()}
    changed = dataclasses.replace(config(), **own)
    for name, module in list(sys.modules.items()):
        if name.startswith(("fangxian.", "scene")) and getattr(module, "config", None) is config:
            monkeypatch.setattr(module, "config", lambda: changed)


@pytest.mark.field
@pytest.mark.parametrize("folder", CALLS, ids=lambda f: f.name)
def test_a_call(folder, request, tmp_path):
    case = field_case.read_case(folder)
    if case.get("needs_var"):
        request.getfixturevalue("ready")
    judged(folder, field_case.unmet(case, field_case.play_calls(case, folder, tmp_path)))


@pytest.mark.field
@pytest.mark.parametrize("folder", STEPS, ids=lambda f: f.name)
def test_steps(folder, ready, monkeypatch):
    case = field_case.read_case(folder)
    set_config(monkeypatch, case.get("env", {}))
    judged(folder, field_case.unmet(case, field_case.play_steps(case, folder)))


def test_the_list_names_cases():
    assert field_case.not_yet() <= {f.name for f in CASES}
