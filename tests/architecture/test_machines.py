"""docs/machines.md is made from the machines: `python -m tests.architecture.test_machines`."""

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/machines.md"
HEAD = """# State machines

Made from the tables in the code (`core/steps.py`) by `python -m
tests.architecture.test_machines`; a test holds it fresh. An arrow is a verb, the right it asks,
what it needs and which clocks it stops.
"""


def machines() -> dict[str, Any]:
    """Every machine of the house, by the name of its table."""
    import fangxian.wiring  # noqa: F401 - every room and subject
    from fangxian.spine.core.steps import Machine

    found: dict[str, Any] = {}
    for name, module in sorted(sys.modules.items()):
        if name.startswith("fangxian."):
            mine = (value for value in vars(module).values() if isinstance(value, Machine))
            found.update((machine.name, machine) for machine in mine)
    return dict(sorted(found.items()))


def page() -> str:
    from fangxian.spine.core.steps import picture

    parts = [HEAD]
    for name, machine in machines().items():
        parts.append(f"## {name.capitalize()}\n\n```mermaid\n{picture(machine)}\n```\n")
    return "\n".join(parts)


def test_the_pictures_are_those_of_the_machines():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_step_leads_somewhere_and_every_state_is_reached():
    for name, machine in machines().items():
        reached = {step.target for step in machine.steps.values()}
        first = next(iter(machine.states))
        assert set(machine.states) - reached - {first} == set(), name


if __name__ == "__main__":
    import django

    django.setup()
    PAGE.write_text(page(), encoding="utf-8")
