"""A drill reaches nobody real, however its folder is copied, marked or set up: nothing leaves."""

import json
import shutil
import smtplib
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from aiosmtpd.controller import Controller
from django.core import mail
from django.urls import URLResolver, get_resolver
from folder import Folder, lift_triggers, make_staffed

from fangxian.cli.ports import free_port
from fangxian.ops.drills import open_folder
from fangxian.ops.folder import mark_drill
from fangxian.spine.core import seal as sealing
from fangxian.spine.core.config import Config
from fangxian.spine.core.marks import Kind, mark
from fangxian.spine.core.problems import Problem
from fangxian.spine.reach import channels
from fangxian.spine.reach.channels import ChannelError, Parcel, open_channel, simulator_proof

AT = datetime(2016, 9, 14, tzinfo=UTC)
OWN = "drill:d|x"
DISPATCH = """
import django; django.setup()
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.reach.write import dispatch
dispatch(by=SYSTEM)
"""


class Far:
    """A gateway that takes everything and counts it; with ``to`` it hands on or points there;
    ``own`` proves that it is the drill's simulator."""

    def __init__(self, *, to="", how="", own=False):
        self.took = []
        far = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked = self.path.rpartition("=")[2]
                proof = simulator_proof(OWN, asked) if own else ""
                told = json.dumps({"proof": proof}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                far.took.append(body.decode())
                if how == "redirect":
                    self.send_response(307)
                    self.send_header("Location", to + self.path)
                    self.end_headers()
                    return
                if how == "forward":
                    httpx.post(to + self.path, content=body, trust_env=False)
                keys = [one["key"] for one in json.loads(body)["messages"]]
                told = json.dumps({"accepted": keys}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def do_CONNECT(self):
                far.took.append(self.path)
                self.send_error(502)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def far():
    made = []

    def make(**how):
        made.append(Far(**how))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture
def relay():
    """A mail relay on this machine that counts its letters."""

    class Box:
        async def handle_DATA(self, server, session, envelope):
            box.letters.append(envelope.rcpt_tos)
            return "250 OK"

    box = Controller(Box(), hostname="127.0.0.1", port=free_port())
    box.letters = []
    box.start()
    yield box
    box.stop()


@pytest.fixture
def wire(monkeypatch):
    """Every connection this process tries to make, none of which is made."""
    tried = []

    def connect(address, *_, **__):
        tried.append(address)
        raise OSError("no wire in this test")

    monkeypatch.setattr("socket.create_connection", connect)
    monkeypatch.setattr(smtplib.socket, "create_connection", connect)
    return tried


def marked(path, **settings):
    """A drill's folder named d, and its configuration."""
    mark_drill(path, name="d", at=AT, speed=0)
    return Config(data_dir=path, **settings)


def send_all(settings):
    """Try every channel that leaves the page; what was refused or failed. Any error is closed."""
    refused = []
    for name in ("sms", "voice", "mail"):
        try:
            open_channel(name, settings).send(
                [Parcel("k", "13900000001", "someone@example.com", "甲", "立即转移")]
            )
        except (Problem, ChannelError, OSError, ValueError, LookupError, TypeError) as error:
            refused.append(error)
    return refused


# --- 1. the channels of a folder that is marked -------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.example/",
        "http://localhost@evil.example/",
        "http://127.0.0.1:80@evil.example/",
        "http://127.1",
        "http://2130706433",
        "http://0.0.0.0",
        "http://[::ffff:1.2.3.4]",
        "http://[::ffff:127.0.0.1]",
        "http://localhost.",
        "http://127.0.0.1\\@evil.example/",
        "http://127.0.0.1\n.evil.example/",
        "http://evil.example/#@localhost",
        "http://evil.example?@127.0.0.1",
        "//evil.example",
        "localhost:6511",
        "",
    ],
)
def test_no_way_of_writing_an_address_leaves_the_machine(tmp_path, wire, url):
    settings = marked(tmp_path, gateway_url=url, gateway_secret=OWN, smtp_host="127.0.0.1")
    refused = send_all(settings)
    assert wire == []
    assert {getattr(error, "code", "") for error in refused} == {"reach.drill_blocks_channel"}


def test_an_address_that_cannot_be_read_is_a_channel_that_fails(tmp_path, wire):
    """httpx.InvalidURL is no HTTPError: it goes past ``except`` and the lease is not settled."""
    settings = marked(tmp_path, gateway_url="http://[::1]evil.example", gateway_secret=OWN)
    with pytest.raises((ChannelError, Problem)):
        open_channel("sms", settings).send([Parcel("k", "1", "", "甲", "t")])
    assert wire == []


@pytest.mark.parametrize("port", [25, None])
def test_a_relay_on_this_machine_gets_no_letter_of_a_drill(tmp_path, relay, port, far):
    own = far(own=True)
    more = {"gateway_url": own.url, "gateway_secret": OWN}
    settings = marked(tmp_path, smtp_host="127.0.0.1", smtp_port=port or relay.port, **more)
    assert [error.code for error in send_all(settings)] == ["reach.drill_blocks_channel"]
    assert relay.letters == []
    assert len(own.took) == 2  # a text and a call, to its own simulator


def test_no_proxy_of_the_environment_gets_anything(tmp_path, far, monkeypatch):
    proxy, own = far(), far(own=True)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        for word in (name, name.lower()):
            monkeypatch.setenv(word, proxy.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    channels._client.cache_clear()
    send_all(marked(tmp_path, gateway_url=own.url, gateway_secret=OWN))
    assert (len(own.took), proxy.took) == (2, [])


def test_a_simulator_that_points_elsewhere_is_not_followed(tmp_path, far):
    real = far()
    own = far(to=real.url, how="redirect", own=True)
    settings = marked(tmp_path, gateway_url=own.url, gateway_secret=OWN)
    assert len(send_all(settings)) == 3
    assert real.took == []


def test_a_port_of_this_machine_that_hands_on_gets_nothing(tmp_path, far):
    """A tunnel to the real gateway: an address of this machine and a secret of the right form are
    all that is asked; nobody asks who answers there."""
    real = far()
    tunnel = far(to=real.url, how="forward")
    send_all(marked(tmp_path, gateway_url=tunnel.url, gateway_secret=OWN))
    assert real.took == []


@pytest.mark.parametrize("secret", ["real", "drill:other|x", "drill:d", "d|x", "", "drill:|x"])
def test_a_secret_that_is_not_this_drills_opens_nothing(tmp_path, wire, secret):
    settings = marked(tmp_path, gateway_url="http://127.0.0.1:1", gateway_secret=secret)
    assert len(send_all(settings)) == 3
    assert wire == []


def test_a_real_folder_does_not_speak_to_a_drills_simulator(tmp_path, far):
    """The reverse: real orders taken by a simulator that answers for people. Nothing says so."""
    simulator = far()
    send_all(Config(data_dir=tmp_path, gateway_url=simulator.url, gateway_secret=OWN))
    assert simulator.took == []


# --- 2. the mark itself -------------------------------------------------------------------------


def remove(file):
    file.unlink()


def rename(file):
    file.rename(file.with_name("scenario.json.bak"))


def empty(file):
    file.write_text("")


def truncate(file):
    file.write_text('{"nam')


def no_name(file):
    file.write_text("{}")


def a_list(file):
    file.write_text("[]")


def noise(file):
    file.write_bytes(b"\xff\xfe\x00")


def a_folder(file):
    file.unlink()
    file.mkdir()


def dangling(file):
    file.unlink()
    file.symlink_to(file.with_name("nowhere"))


def itself(file):
    file.unlink()
    file.symlink_to(file)


@pytest.mark.parametrize(
    "spoil",
    [
        remove,
        rename,
        empty,
        truncate,
        no_name,
        a_list,
        noise,
        a_folder,
        dangling,
        itself,
    ],
)
def test_a_spoilt_mark_lets_nothing_out(tmp_path, far, relay, spoil):
    real = far()
    how = {"gateway_url": real.url, "gateway_secret": "real", "smtp_host": "127.0.0.1"}
    settings = marked(tmp_path, smtp_port=relay.port, **how)
    with closing(sqlite3.connect(tmp_path / "records.sqlite3")) as db:
        mark(db, Kind.DRILL)  # as every drill's database is
    spoil(tmp_path / "scenario.json")
    send_all(settings)
    assert (real.took, relay.letters) == ([], [])


def test_a_process_that_runs_stays_a_drills_when_the_mark_goes(tmp_path, far):
    real = far()
    settings = marked(tmp_path, gateway_url=real.url, gateway_secret="real")
    assert settings.drill
    (tmp_path / "scenario.json").unlink()
    send_all(settings)
    assert real.took == []


def test_a_folder_with_records_is_not_made_a_drills(tmp_path):
    (tmp_path / "records.sqlite3").touch()
    with pytest.raises(ValueError, match="real"):
        mark_drill(tmp_path, name="d", at=AT, speed=0)


@pytest.mark.parametrize("name", ["telemetry.sqlite3", "secret.key"])
def test_a_folder_with_anything_real_is_not_made_a_drills(tmp_path, name):
    """A real folder whose records are just being restored."""
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match="real"):
        mark_drill(tmp_path, name="d", at=AT, speed=0)


# --- 3. whole folders, by real processes --------------------------------------------------------

WAITING = """
INSERT INTO reach_message (id, subject_kind, subject_id, text, created_at, expires_at)
VALUES (900, 'test', '1', '立即转移', '2016-09-14', '2099-09-15');
INSERT INTO reach_delivery (channel, step, state, due_at, attempts, lease_until_s, answer, code,
    last_error, side, person_id, message_id)
SELECT value, 0, 0, '2016-09-14', 0, 0, '', 'code-' || value, '', '', 1, 900
FROM json_each('["sms", "voice", "mail"]');
"""


@pytest.fixture
def real(made_once, tmp_path):
    folder = Folder(made_once("staffed", make_staffed)).copy_to(tmp_path / "real")
    del folder.environment["FANGXIAN_SECRET_KEY"]  # the key lies in the folder, as by default
    (folder.path / "secret.key").write_text("test-only")
    return folder


@pytest.fixture
def drill(real, tmp_path):
    """A live drill made from the real folder, with three messages on their way."""
    open_folder(source=real.path, target=tmp_path / "drill", drill=1, at=AT, speed=1)
    wait(tmp_path / "drill")
    shutil.copy(real.path / "telemetry.sqlite3", tmp_path / "drill")
    return tmp_path / "drill"


def wait(path):
    with closing(sqlite3.connect(path / "records.sqlite3")) as db:
        lift_triggers(db)
        db.executescript(WAITING)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def left(path, relay, gateway):
    """Hand over what waits in a folder, set up as the real one is; how much left."""
    folder = Folder(
        path,
        FANGXIAN_GATEWAY_URL=gateway.url,
        FANGXIAN_GATEWAY_SECRET="real",
        FANGXIAN_SMTP_HOST="127.0.0.1",
        FANGXIAN_SMTP_PORT=str(relay.port),
    )
    del folder.environment["FANGXIAN_SECRET_KEY"]
    folder.ran(DISPATCH)  # or is refused: nothing leaves either way
    return len(gateway.took) + len(relay.letters)


def test_a_real_folder_sends_so_that_these_tests_prove_something(real, relay, far):
    wait(real.path)
    assert left(real.path, relay, far()) == 3


def test_a_drills_folder_set_up_as_the_real_one_is_sends_nothing(drill, relay, far):
    assert left(drill, relay, far()) == 0


def without_its_mark(real, drill, to):
    shutil.copytree(drill, to, ignore=shutil.ignore_patterns("scenario.json"))


def records_alone(real, drill, to):
    to.mkdir()
    for name in ("records.sqlite3", "secret.key"):
        shutil.copy(drill / name, to / name)


def its_records_in_the_real_folder(real, drill, to):
    shutil.copytree(real.path, to)
    shutil.copy(drill / "records.sqlite3", to)


@pytest.mark.parametrize("copy", [without_its_mark, records_alone, its_records_in_the_real_folder])
def test_a_drills_records_call_nobody_wherever_they_lie(real, drill, relay, far, tmp_path, copy):
    copy(real, drill, tmp_path / "copy")
    assert left(tmp_path / "copy", relay, far()) == 0


def over_the_real_one(real, drill, to):
    shutil.copytree(real.path, to)
    wait(to)
    for path in drill.iterdir():
        shutil.copy(path, to)


def real_records_beside_a_mark(real, drill, to):
    shutil.copytree(real.path, to)
    wait(to)
    for name in ("scenario.json", "clock.json"):
        shutil.copy(drill / name, to)


@pytest.mark.parametrize("mix", [over_the_real_one, real_records_beside_a_mark])
def test_a_mark_over_real_records_keeps_all_in(real, drill, relay, far, tmp_path, mix):
    mix(real, drill, tmp_path / "copy")
    assert left(tmp_path / "copy", relay, far()) == 0


def telemetry_alone(real, drill, to):
    """Readings a drill's injects gave, under the real records: real signals come of them."""
    shutil.copytree(real.path, to)
    with closing(sqlite3.connect(to / "telemetry.sqlite3")) as db:
        lift_triggers(db)
        db.execute(
            "INSERT INTO frame (digest, station, source, raw, received_s, verdict, told, form) "
            "VALUES ('d', '70000001', 'drill', x'7b7d', 0, 'stored', '', 'rows')"
        )
        db.commit()


@pytest.mark.parametrize(
    "mix",
    [
        telemetry_alone,
        over_the_real_one,
        real_records_beside_a_mark,
        its_records_in_the_real_folder,
    ],
)
def test_the_doctor_says_that_drill_and_real_are_mixed(real, drill, tmp_path, mix):
    """A real city that is silent, or a drill that calls, is said by nobody."""
    mix(real, drill, tmp_path / "copy")
    folder = Folder(tmp_path / "copy")
    del folder.environment["FANGXIAN_SECRET_KEY"]
    code = (
        "import django; django.setup()\n"
        "from fangxian.ops.doctor import examine\n"
        "found = examine(full=True, data_only=True)['checks']\n"
        "print([c['code'] for c in found if c['broken']])"
    )
    done = folder.ran(code)  # or nothing is started at all
    assert done.returncode or done.stdout.strip() != "[]"


def test_what_has_expired_is_not_sent(real, relay, far):
    """Records of the day before put back: what was said then is said again. ``dispatch`` asks
    for what is due and never whether it has expired."""
    wait(real.path)
    with closing(sqlite3.connect(real.path / "records.sqlite3")) as db:
        db.execute("UPDATE reach_message SET expires_at = '2016-09-15'")
        db.commit()
    assert left(real.path, relay, far()) == 0


# --- 4. what of the real city lies in a drill ---------------------------------------------------


def ask(path, sql):
    with closing(sqlite3.connect(path / "records.sqlite3")) as db:
        return db.execute(sql).fetchall()


@pytest.mark.parametrize("column", ["phone_sealed", "email"])
def test_no_number_and_no_address_of_a_real_person_is_in_a_drill(real, tmp_path, column):
    with closing(sqlite3.connect(real.path / "records.sqlite3")) as db:
        lift_triggers(db)
        db.execute("UPDATE registry_person SET synthetic = 0, email = 'a@example.com' WHERE id = 1")
        db.commit()
    open_folder(source=real.path, target=tmp_path / "drill", drill=1, at=AT, speed=1)
    sql = f"SELECT {column} FROM registry_person WHERE id = 1"
    assert ask(tmp_path / "drill", sql) != ask(real.path, sql)


def test_a_number_sealed_in_a_drill_is_none_in_the_real_folder(real, tmp_path, monkeypatch):
    open_folder(source=real.path, target=tmp_path / "drill", drill=1, at=AT, speed=1)
    there, here = Config(data_dir=tmp_path / "drill"), Config(data_dir=real.path)
    monkeypatch.setattr(sealing, "config", lambda: there)
    sealed = sealing.seal("13900000001", purpose="phone")
    monkeypatch.setattr(sealing, "config", lambda: here)
    with pytest.raises(sealing.UnopenedError):
        sealing.unseal(sealed, purpose="phone")


def test_a_password_link_made_in_a_drill_is_none_in_the_real_folder(lin, real, tmp_path):
    """Who is administrator in the drill sets the commander's real password: same key, same
    account, same token."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.tokens import PasswordResetTokenGenerator

    open_folder(source=real.path, target=tmp_path / "drill", drill=1, at=AT, speed=1)
    user = get_user_model().objects.get(username="huang")
    makers = []
    for path in (tmp_path / "drill", real.path):
        makers.append(PasswordResetTokenGenerator())
        makers[-1].secret = Config(data_dir=path).signing_key
    assert not makers[1].check_token(user, makers[0].make_token(user))


def test_no_session_key_or_message_of_the_real_folder_is_in_a_drill(real, tmp_path):
    wait(real.path)
    open_folder(source=real.path, target=tmp_path / "drill", drill=1, at=AT, speed=1)
    for table in ("django_session", "api_apikey", "core_job", "reach_delivery", "reach_message"):
        assert ask(tmp_path / "drill", f"SELECT COUNT(*) FROM {table}") == [(0,)]


# --- 5. letters of accounts ---------------------------------------------------------------------

MOUNTED = {  # every route of allauth that is mounted: none of them lets mail leave
    "account_login",
    "account_logout",
    "account_reauthenticate",
    "account_change_password",
    "mfa_index",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
    "mfa_reauthenticate_webauthn",
    "usersessions_list",
}


def routes(resolver):
    for one in resolver.url_patterns:
        yield from routes(one) if isinstance(one, URLResolver) else [one]


def test_of_allauth_only_these_addresses_are_there():
    found = {
        one.name
        for one in routes(get_resolver())
        if (getattr(one.callback, "__module__", "") or "").startswith("allauth")
    }
    assert found == MOUNTED


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/password/reset/",
        "/accounts/email/",
        "/accounts/signup/",
        "/accounts/confirm-email/",
        "/accounts/login/code/confirm/",
        "/accounts/2fa/trust/",
    ],
)
def test_the_addresses_that_send_letters_are_not_there(as_lin, path):
    assert as_lin.get(path).status_code == 404


@pytest.mark.parametrize("notify", [False, True])
def test_a_changed_password_and_a_second_factor_send_no_letter(client, lin, settings, notify):
    """These would (allauth: send_notification_mail); asked to, they do, so the count is sound."""
    from allauth.account.models import EmailAddress
    from allauth.mfa.totp.internal import auth as totp
    from django.contrib.auth import get_user_model

    if notify:
        settings.ACCOUNT_EMAIL_NOTIFICATIONS = True
    user = get_user_model().objects.get(username="lin")
    user.email = "lin@example.com"
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client.post("/accounts/login/", {"login": "lin", "password": "cast"})
    new = {"password1": "Neues-Wort-71", "password2": "Neues-Wort-71", "oldpassword": "cast"}
    assert client.post("/accounts/password/change/", new).status_code == 302
    user.refresh_from_db()
    assert user.check_password("Neues-Wort-71")
    client.post("/accounts/reauthenticate/", {"password": "Neues-Wort-71"})
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    secret = client.session["mfa.totp.secret"]
    now = next(iter(totp.yield_hotp_counters_from_time()))
    code = totp.format_hotp_value(totp.hotp_value(secret, now))
    done = client.post("/accounts/2fa/totp/activate/", {"code": code})
    assert done.status_code == 302
    for path in ("recovery-codes/generate/", "totp/deactivate/"):
        told = client.post(f"/accounts/2fa/{path}")
        assert (told.status_code, "reauth" in told.url) == (302, False), path
    assert bool(mail.outbox) is notify


def test_django_itself_has_no_way_to_send_a_letter():
    import fangxian.settings as ours

    assert ours.EMAIL_BACKEND == "django.core.mail.backends.dummy.EmailBackend"
    assert ours.ACCOUNT_EMAIL_NOTIFICATIONS is False
    assert not getattr(ours, "ADMINS", ())


def test_only_the_channels_know_how_to_leave_the_machine():
    """Whoever else needs the wire speaks to this machine and says so here."""
    source = Path(channels.__file__).parents[2]
    words = ("smtplib", "httpx", "urllib.request", "http.client", "send_mail", "EmailMessage")
    found = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if any(word in path.read_text() for word in words)
    }
    assert found == {"spine/reach/channels.py", "ops/supervisor.py", "ops/demo/letters.py"}
