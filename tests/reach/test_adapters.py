"""Contracts of the services that carry texts: what they want and what they answer, as their public
pages say, against a server that listens on this machine."""

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from fangxian.spine.core.config import Config
from fangxian.spine.reach.channels import ChannelError, Parcel, open_channel

TEXT = '【漳州防指】立即转移 "低洼" {to}\n回1'
ONE = Parcel("real-7", "13900000001", "", "陈", TEXT)


class Service:
    """Answers what it was told to and keeps what it was asked."""

    def __init__(self, answer, status=200, **headers):
        self.asked = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.asked.append((self.path, dict(self.headers), body))
                told = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(told))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def service():
    made = []

    def make(*args, **more):
        made.append(Service(*args, **more))
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()
        one.server.server_close()


def channel(tmp_path, text, name="sms"):
    (tmp_path / "channels.toml").write_text(text, encoding="utf-8")
    settings = Config(data_dir=tmp_path / "none", channels_file=str(tmp_path / "channels.toml"))
    return open_channel(name, settings)


def test_any_http_service_by_a_template(tmp_path, service):
    far = service({"result": {"code": 0}})
    carrier = channel(
        tmp_path,
        f"""
[sms]
kind = "http"
url = "{far.url}/send"
headers = {{ Authorization = "Bearer t" }}
body = {{ phone = "{{to}}", content = "{{text}}", ids = ["{{key}}"], sign = "防指-{{name}}" }}
accepted = {{ path = "result.code", equals = "0" }}
""",
    )
    assert carrier.send([ONE]) == {"real-7"}
    [(path, headers, body)] = far.asked
    assert (path, headers["Authorization"]) == ("/send", "Bearer t")
    assert json.loads(body) == {
        "phone": "13900000001",
        "content": TEXT,  # what is in a text is never read as a template
        "ids": ["real-7"],
        "sign": "防指-陈",
    }


def test_a_form_and_an_answer_that_says_no(tmp_path, service):
    far = service({"code": "7"})
    text = f"""
[voice]
kind = "http"
url = "{far.url}"
form = {{ mobile = "{{to}}", msg = "{{text}}" }}
accepted = {{ path = "code", equals = "0" }}
"""
    assert channel(tmp_path, text, "voice").send([ONE]) == set()
    [(_, _, body)] = far.asked
    assert parse_qs(body.decode()) == {"mobile": ["13900000001"], "msg": [TEXT]}


def test_a_robot_of_wecom(tmp_path, service):
    far = service({"errcode": 0, "errmsg": "ok"})
    told = f'[sms]\nkind = "wecom"\nurl = "{far.url}/cgi-bin/webhook/send?key=k"\n'
    assert channel(tmp_path, told).send([ONE]) == {"real-7"}
    [(path, _, body)] = far.asked
    assert path == "/cgi-bin/webhook/send?key=k"
    text = {"content": TEXT, "mentioned_mobile_list": ["13900000001"]}
    assert json.loads(body) == {"msgtype": "text", "text": text}


def test_a_robot_that_was_asked_too_often_is_asked_later(tmp_path, service):
    far = service({"errcode": 45009, "errmsg": "api freq out of limit"})
    carrier = channel(tmp_path, f'[sms]\nkind = "wecom"\nurl = "{far.url}"\n')
    with pytest.raises(ChannelError) as told:
        carrier.send([ONE])
    assert told.value.retry_after_s == 60


def test_a_robot_of_dingtalk_signs_with_the_time(tmp_path, service):
    far = service({"errcode": 0})
    text = f'[sms]\nkind = "dingtalk"\nsecret = "SEC1"\nurl = "{far.url}/robot/send?access_token=t"'
    assert channel(tmp_path, text).send([ONE]) == {"real-7"}
    [(path, _, body)] = far.asked
    asked = {name: value for name, [value] in parse_qs(urlsplit(path).query).items()}
    told = f"{asked['timestamp']}\nSEC1".encode()
    sign = base64.b64encode(hmac.digest(b"SEC1", told, hashlib.sha256)).decode()
    assert (asked["access_token"], asked["sign"]) == ("t", sign)
    assert json.loads(body)["at"] == {"atMobiles": ["13900000001"], "isAtAll": False}


def test_retry_after_is_kept(tmp_path, service):
    far = service({}, 429, **{"Retry-After": "120"})
    settings = Config(data_dir=tmp_path, gateway_url=far.url, gateway_secret="s")
    with pytest.raises(ChannelError) as told:
        open_channel("sms", settings).send([ONE])
    assert (told.value.retry_after_s, told.value.side) == (120, "channel")


def test_one_refusal_among_many_stops_no_other(tmp_path, service):
    far, many = service({"ok": 1}), [Parcel(f"k{n}", str(n), "", "", "t") for n in range(50)]
    told = f'[sms]\nkind = "http"\nurl = "{far.url}"\naccepted = {{ path = "ok", equals = "1" }}'
    assert len(channel(tmp_path, told).send(many)) == 50


@pytest.mark.parametrize("text", ["[sms", '[sms]\nkind = "fax"\nurl = "x"', '[sms]\nkind = "http"'])
def test_a_file_that_cannot_be_used_is_told_as_ours(tmp_path, text):
    with pytest.raises(ChannelError) as told:
        channel(tmp_path, text)
    assert told.value.side == "us"
