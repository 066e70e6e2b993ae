"""docs/machines.md is made from the machines: `python -m tests.architecture.test_machines`."""

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
    from fangxian.spine.assess import models as assess
    from fangxian.spine.command import models as command
    from fangxian.spine.core import queue as core
    from fangxian.spine.core.steps import Machine
    from fangxian.spine.observe import models as observe
    from fangxian.spine.registry import models as registry

    found = {}
    for module in (core, registry, observe, assess, command):
        for name, value in vars(module).items():
            if isinstance(value, Machine):
                found[name] = value
    return found


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
