"""Hearing another headquarters: its auditor's signed word each minute."""

import hmac
import json
import re

from fangxian.spine.core.config import config
from fangxian.spine.core.guard import beat
from fangxian.spine.core.health import SISTER
from fangxian.spine.core.problems import Problem
from fangxian.spine.reach.channels import sign_body

NAME = re.compile(r"[\w .-]{1,40}")


def hear(body: bytes, signature: str) -> None:
    """Note that it lives. Raises ``rights.denied`` on what was not signed with our common secret,
    and ``input.invalid``."""
    secret = config().sister_secret
    if not secret or not hmac.compare_digest(sign_body(secret, body), signature):
        raise Problem("rights.denied", seat="—", right="sister")
    try:
        told = json.loads(body)
        name, late = str(told["name"]), [str(text) for text in told["late"]]
    except (ValueError, TypeError, KeyError):
        raise Problem("input.invalid", field="body", why="name, late") from None
    if not NAME.fullmatch(name):
        raise Problem("input.invalid", field="name", why=name[:40])
    beat(f"{SISTER}{name}", failures=len(late), why="; ".join(late)[:500])
