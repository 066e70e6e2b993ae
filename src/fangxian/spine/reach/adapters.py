"""Real services that carry texts and calls, beside the gateway: any HTTP service by a template, and
the group robots of WeCom and DingTalk. Set up in a file (FANGXIAN_CHANNELS_FILE):

    [sms]
    kind = "http"                       # or "wecom", "dingtalk"
    url = "https://sms.example/send"
    headers = { Authorization = "Bearer ..." }
    body = { phone = "{to}", content = "{text}", id = "{key}" }   # form = { … } for a form
    accepted = { path = "result.code", equals = "0" }

What the services want is from their public pages: WeCom group robot (developer.work.weixin.qq.com,
document 91770), DingTalk custom robot (open.dingtalk.com, custom-robot-access)."""

import base64
import hashlib
import hmac
import json
import time
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

from .channels import Channel, ChannelError, Parcel, exchange

AT_ONCE = 8  # requests to one service side by side
KINDS = ("http", "wecom", "dingtalk")
BUSY = {"45009", "130101", "410100"}  # WeCom's and DingTalk's "too often": it is tried again


@lru_cache(4)
def _file(path: str, stamp: float) -> Mapping[str, Any]:
    return tomllib.loads(Path(path).read_text(encoding="utf-8"))


def set_up(path: str, name: str) -> Mapping[str, Any] | None:
    """What the file says of a channel; None where it says nothing. Raises ChannelError."""
    try:
        row = _file(path, Path(path).stat().st_mtime).get(name)
    except (OSError, ValueError) as error:
        raise ChannelError(f"{path}: {error}", side="us") from error
    if row is not None and (row.get("kind") not in KINDS or not row.get("url")):
        raise ChannelError(
            f"{path}: [{name}] needs a url and kind = {' | '.join(KINDS)}", side="us"
        )
    return row if row is None else dict(row)


def carrier(row: Mapping[str, Any]) -> Channel:
    return {"http": Http, "wecom": WeCom, "dingtalk": DingTalk}[row["kind"]](row)


class Http:
    """One request a parcel, by a template."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.row = row

    def send(self, parcels: Sequence[Parcel]) -> set[str]:
        """What one parcel meets does not stop the others; where none went, it is raised."""
        failed: list[ChannelError] = []

        def one(parcel: Parcel) -> str | None:
            try:
                return parcel.key if self._accepted(self._ask(parcel)) else None
            except ChannelError as error:
                failed.append(error)
                return None

        with ThreadPoolExecutor(AT_ONCE) as pool:
            sent = {key for key in pool.map(one, parcels) if key}
        if failed and not sent:
            raise failed[0]
        return sent

    def _ask(self, parcel: Parcel) -> Mapping[str, Any]:
        headers = dict(self.row.get("headers", {}))
        if "form" in self.row:
            content = urlencode(_filled(self.row["form"], parcel)).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        else:
            content = json.dumps(self._body(parcel), ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        method = self.row.get("method", "POST")
        return exchange(method, self._url(), content=content, headers=headers)

    def _url(self) -> str:
        return str(self.row["url"])

    def _body(self, parcel: Parcel) -> Any:
        return _filled(self.row.get("body", {"to": "{to}", "text": "{text}"}), parcel)

    def _accepted(self, told: Mapping[str, Any]) -> bool:
        rule = self.row.get("accepted")
        if not rule:
            return True  # 2xx is what it has to say
        found: Any = told
        for part in str(rule["path"]).split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return str(found) == str(rule["equals"])


class WeCom(Http):
    """A group robot of WeCom: the text in the group, with who is meant by the number."""

    def _body(self, parcel: Parcel) -> Any:
        mentioned = [parcel.to_phone] if parcel.to_phone else []
        text = {"content": parcel.text, "mentioned_mobile_list": mentioned}
        return {"msgtype": "text", "text": text}

    def _accepted(self, told: Mapping[str, Any]) -> bool:
        code = str(told.get("errcode"))
        if code in BUSY:
            raise ChannelError(f"too often: {told.get('errmsg', '')}", retry_after_s=60)
        return code == "0"


class DingTalk(WeCom):
    """A custom robot of DingTalk; its address is signed with the time where it has a secret."""

    def _url(self) -> str:
        secret = str(self.row.get("secret", ""))
        if not secret:
            return str(self.row["url"])
        at_ms = str(round(time.time() * 1000))
        told = f"{at_ms}\n{secret}".encode()
        sign = base64.b64encode(hmac.digest(secret.encode(), told, hashlib.sha256))
        return f"{self.row['url']}&timestamp={at_ms}&sign={quote_plus(sign)}"

    def _body(self, parcel: Parcel) -> Any:
        at = {"atMobiles": [parcel.to_phone] if parcel.to_phone else [], "isAtAll": False}
        return {"msgtype": "text", "text": {"content": parcel.text}, "at": at}


def _filled(template: Any, parcel: Parcel) -> Any:
    """A template with the parcel's fields; what is in the text cannot become part of the form."""
    if isinstance(template, Mapping):
        return {key: _filled(value, parcel) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, parcel) for value in template]
    if not isinstance(template, str):
        return template
    fields = {"to": parcel.to_phone, "text": parcel.text, "key": parcel.key, "name": parcel.to_name}
    for name, value in fields.items():
        if template == f"{{{name}}}":
            return value
    return template.format_map(fields)
