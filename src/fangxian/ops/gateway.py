"""A gateway simulator in a process of its own: text messages and voice calls over HTTP as a real
gateway takes them, with delays, failures, repeats, disorder and answers. For drills and tests."""

import hashlib
import heapq
import json
import random
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fangxian.spine.core import clock
from fangxian.spine.reach.channels import sign_body, simulator_proof


class Gateway:
    """What the far side knows: messages by key, and receipts that come due."""

    def __init__(self, *, secret: str, seed: int = 7, trouble: float = 0.05) -> None:
        self.secret, self.trouble = secret, trouble
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.seen: set[str] = set()
        self.planned: list[tuple[float, int, dict[str, Any]]] = []
        self.receipts: list[dict[str, Any]] = []
        self.asked = 0

    def take(self, kind: str, messages: list[dict[str, str]]) -> tuple[int, dict[str, Any]]:
        """Accept a batch, most of the time. A repeated key is accepted and not sent again."""
        with self.lock:
            self.asked += 1
            if self.random.random() < self.trouble:
                return self.random.choice([503, 429]), {"error": "try again"}
            accepted = []
            for message in messages:
                if self.random.random() < self.trouble / 2:
                    continue
                accepted.append(message["key"])
                if message["key"] not in self.seen:
                    self.seen.add(message["key"])
                    self._plan(kind, message)
            return 200, {"accepted": accepted}

    def _plan(self, kind: str, message: dict[str, str]) -> None:
        """How this person behaves, the same every time for one number."""
        person = random.Random(hashlib.sha256(message["to"].encode()).digest())
        manner = person.random()
        draw = self.random
        delivered = draw.uniform(2, 25)
        if manner > 0.985:  # phone off
            self._later(message, 30, "failed")
            return
        self._later(message, delivered, "delivered")
        if "回1" not in message["text"]:
            return  # a notice asks for no answer
        if manner > 0.955 and kind != "voice":  # never looks at texts, answers a call
            return
        wait = draw.uniform(20, 200) if manner < 0.88 else draw.uniform(700, 2600)
        self._later(message, delivered + wait, "answered", "1")
        work = draw.uniform(1500, 9000)
        if person.random() < 0.85:
            self._later(message, delivered + wait + work, "answered", "2")
        elif person.random() < 0.3:
            self._later(message, delivered + wait + 300, "answered", "3")
        if draw.random() < self.trouble:  # a late repeat out of order
            self._later(message, delivered + wait + 40, "delivered")

    def _later(self, message: dict[str, str], after_s: float, state: str, answer: str = "") -> None:
        receipt = {"key": message["key"], "state": state, "answer": answer}
        due = (clock.now() + timedelta(seconds=after_s)).timestamp()
        heapq.heappush(
            self.planned, (due, len(self.planned) + self.random.getrandbits(30), receipt)
        )

    def since(self, after: int) -> list[dict[str, Any]]:
        """Receipts after a number; repeating the question gives the same answer."""
        with self.lock:
            now_s = clock.now().timestamp()
            while self.planned and self.planned[0][0] <= now_s:
                _, _, receipt = heapq.heappop(self.planned)
                self.receipts.append(receipt | {"number": len(self.receipts) + 1})
            return self.receipts[after : after + 1000]


def make_server(gateway: Gateway, port: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        """Two addresses: messages in, receipts out. Unsigned requests are refused."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not self._signed(body):
                return
            asked = json.loads(body)
            self._answer(*gateway.take(asked["kind"], asked["messages"]))

        def do_GET(self) -> None:
            if not self._signed(b""):
                return
            url = urlsplit(self.path)
            told = parse_qs(url.query)
            if url.path == "/v1/simulator":
                proof = simulator_proof(gateway.secret, told.get("asked", [""])[0])
                self._answer(200, {"proof": proof})
                return
            self._answer(200, {"receipts": gateway.since(int(told.get("after", ["0"])[0]))})

        def _signed(self, body: bytes) -> bool:
            if self.headers.get("X-Signature") == sign_body(gateway.secret, body):
                return True
            self._answer(401, {"error": "bad signature"})
            return False

        def _answer(self, status: int, answer: dict[str, Any]) -> None:
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's
            pass

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
