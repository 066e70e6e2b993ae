"""The channels. ``open_channel`` is the one place a message leaves by, and the one place that
keeps a drill from reaching anybody real."""

import hashlib
import hmac
import json
import secrets
import smtplib
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from fangxian.spine.core.config import Config, config
from fangxian.spine.core.problems import Problem

if TYPE_CHECKING:
    import httpx

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a channel is given: ``key`` makes a repeat harmless."""

    key: str
    to_phone: str
    to_mail: str
    to_name: str
    text: str


class ChannelError(Exception):
    """Not sent; worth another try, not before ``retry_after_s`` where the other side says so. Whose
    ``side`` it is: ours ("us") or the channel's. ``silent``: nobody answered in time."""

    def __init__(
        self,
        told: str,
        *,
        retry_after_s: float | None = None,
        side: str = "channel",
        silent: bool = False,
    ) -> None:
        super().__init__(told)
        self.retry_after_s, self.side, self.silent = retry_after_s, side, silent


class Channel(Protocol):
    """Hands parcels over; returns the keys the other side has accepted."""

    def send(self, parcels: Sequence[Parcel]) -> set[str]: ...


class App:
    """The open page itself: the delivery row is the message, pushed by the live stream."""

    def send(self, parcels: Sequence[Parcel]) -> set[str]:
        return {parcel.key for parcel in parcels}


class Mail:
    """SMTP, one connection a batch."""

    def __init__(self, settings: Config) -> None:
        self.settings = settings

    def send(self, parcels: Sequence[Parcel]) -> set[str]:
        sent = set()
        try:
            with self._open() as smtp:
                for parcel in parcels:
                    letter = EmailMessage()
                    letter["From"], letter["To"] = self.settings.smtp_from, parcel.to_mail
                    letter["Subject"] = parcel.text[:40]  # begins with the drill mark in a drill
                    letter["Message-ID"] = f"<{parcel.key}@fangxian>"
                    letter.set_content(parcel.text)
                    smtp.send_message(letter)
                    sent.add(parcel.key)
        except (OSError, smtplib.SMTPException) as error:
            if not sent:
                raise ChannelError(str(error)) from error
        return sent

    def _open(self) -> smtplib.SMTP:
        one = self.settings
        if one.smtp_tls == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(one.smtp_host, one.smtp_port, timeout=10)
        else:
            smtp = smtplib.SMTP(one.smtp_host, one.smtp_port, timeout=10)
            if one.smtp_tls == "starttls":
                smtp.starttls(context=ssl.create_default_context())
        if one.smtp_user:
            smtp.login(one.smtp_user, one.smtp_password)
        return smtp


class Gateway:
    """The HTTP gateway for text messages and voice calls; requests are signed."""

    def __init__(self, settings: Config, kind: str) -> None:
        self.url, self.secret, self.kind = settings.gateway_url, settings.gateway_secret, kind
        self.drill = settings.drill

    def send(self, parcels: Sequence[Parcel]) -> set[str]:
        """In a drill the far side has to prove first that it is our simulator: what listens on
        this machine may hand on to a real one."""
        if self.drill:
            asked = secrets.token_hex(8)
            told = self._call("GET", "/v1/simulator", params={"asked": asked})
            if told.get("proof") != simulator_proof(self.secret, asked):
                raise Problem("reach.drill_blocks_channel", channel=self.kind)
        messages = [{"key": p.key, "to": p.to_phone, "text": p.text} for p in parcels]
        body = json.dumps({"kind": self.kind, "messages": messages}).encode()
        answer = self._call("POST", "/v1/messages", content=body)
        return set(answer["accepted"])

    def receipts(self, after: int) -> list[dict[str, Any]]:
        """What the gateway has to report since receipt number ``after``."""
        told = self._call("GET", "/v1/receipts", params={"after": after}, timeout=2)
        return list(told["receipts"])

    def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        sign = sign_body(self.secret, more.get("content", b""))
        return exchange(method, self.url + path, headers={"X-Signature": sign}, **more)


def exchange(method: str, url: str, **more: Any) -> dict[str, Any]:
    """One request and its answer, a JSON object. Raises ChannelError."""
    import httpx

    try:
        answer = _client().request(method, url, **more)
        answer.raise_for_status()
        return dict(answer.json())
    except httpx.HTTPStatusError as error:
        after_s = _seconds(error.response.headers.get("Retry-After", ""))
        raise ChannelError(f"HTTP {error.response.status_code}", retry_after_s=after_s) from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError) as error:
        silent = isinstance(error, httpx.TimeoutException)
        raise ChannelError(f"{type(error).__name__}: {error}", silent=silent) from error


def _seconds(retry_after: str) -> float | None:
    """Retry-After in seconds or as a date (RFC 9110)."""
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def post_signed(url: str, secret: str, body: bytes) -> None:
    """Tell another headquarters' machine something. Raises ChannelError; in a drill nobody is
    told."""
    import httpx

    if config().drill:
        raise Problem("reach.drill_blocks_channel", channel="sister")
    try:
        answer = _client().post(url, content=body, headers={"X-Signature": sign_body(secret, body)})
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ChannelError(f"{type(error).__name__}: {error}") from error


@lru_cache(1)
def _client() -> "httpx.Client":
    """One client for the process: making one reads the certificate store. Only who sends needs
    the library, so it is loaded here."""
    import httpx

    return httpx.Client(timeout=5, trust_env=False)  # no proxy of the machine stands between


def sign_body(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def simulator_proof(secret: str, asked: str) -> str:
    """What only our simulator answers to a question."""
    return sign_body(secret, f"simulator:{asked}".encode())


def open_channel(name: str, settings: Config | None = None) -> Channel:
    """The channel of that name. In a drill only the open page and a simulator on this machine
    can be opened; anything else raises ``reach.drill_blocks_channel``."""
    settings = settings or config()
    if name == "app":
        return App()
    if settings.drill:
        host = urlsplit(settings.gateway_url).hostname
        own = f"drill:{settings.scenario}" == settings.gateway_secret.rpartition("|")[0]
        if name == "mail" or host not in LOOPBACK or not own:
            raise Problem("reach.drill_blocks_channel", channel=name)
    elif settings.gateway_secret.startswith("drill:") and name in {"sms", "voice"}:
        raise ChannelError("this gateway is a drill's simulator: it reaches nobody", side="us")
    if name == "mail" and settings.smtp_host:
        return Mail(settings)
    if not settings.drill and settings.channels_file:
        from .adapters import carrier, set_up

        row = set_up(settings.channels_file, name)
        if row is not None:
            return carrier(row)
    if name in {"sms", "voice"} and settings.gateway_url:
        return Gateway(settings, name)
    raise ChannelError(f"channel {name} is not set up", side="us")
