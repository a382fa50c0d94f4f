"""Webhooks to a real server on loopback that fails, hangs, sends elsewhere, and to one behind a killed worker."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dispatch.store.store import new_id, utc_now
from dispatch.store.webhook_queue import WebhookQueue
from dispatch.webhook_body import is_sent
from dispatch.webhooks import Answer, DeliveryState
from tests.receiver import Handler, Message, Receiver, receiver
from tests.webhook_centre import Centre
from web.webhook_post import Poster
from web.webhook_worker import WebhookWorker

REPOSITORY = Path(__file__).resolve().parents[2]
SHORT_S = 0.3
AMPLE_S = 30.0


@pytest.fixture
def centre(sqlite_url: str) -> Iterator[Centre]:
    # Receivers look at the real time, and accept five minutes either way.
    centre = Centre(sqlite_url, start=utc_now())
    yield centre
    centre.close()


def post(url: str, deadline_s: float = AMPLE_S, tls: ssl.SSLContext | None = None) -> Answer:
    poster = Poster(clock=utc_now, deadline_s=deadline_s, tls=tls)
    return poster.post(url, {"Content-Type": "application/json"}, b"{}", poster.call())


def worker(centre: Centre, **options: object) -> WebhookWorker:
    poster = Poster(clock=centre.clock, deadline_s=AMPLE_S)
    return WebhookWorker(centre.queue, poster, clock=centre.clock, chance=lambda: 0.5, **options)  # type: ignore[arg-type]


# One request


@pytest.mark.parametrize("status", [200, 204, 400, 404, 410, 500, 503])
def test_the_answer_is_the_receivers_status(status: int) -> None:
    with receiver(lambda handler, _: handler.answer(status)) as agency:
        assert post(agency.url) == Answer(status=status)


def test_a_redirect_is_not_followed() -> None:
    with receiver() as elsewhere:

        def redirect(handler: Handler, message: Message) -> None:
            handler.answer(307, {"Location": elsewhere.url})

        with receiver(redirect) as agency:
            assert post(agency.url).status == 307
        assert elsewhere.messages == []


def test_a_pause_that_the_receiver_asks_for_is_read() -> None:
    with receiver(lambda handler, _: handler.answer(503, {"Retry-After": "120"})) as agency:
        assert post(agency.url) == Answer(status=503, retry_after_s=120.0)


def hang(handler: Handler, message: Message) -> None:
    """Say nothing."""
    handler.server.closing.wait()


def drip(handler: Handler, message: Message) -> None:
    """Begin an answer and never end it, a byte at a time: no single read ever waits long."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not handler.server.closing.wait(0.02):
        handler.wfile.write(b"a")


def break_off(handler: Handler, message: Message) -> None:
    """Close without a word."""
    handler.close_connection = True


def talk_nonsense(handler: Handler, message: Message) -> None:
    handler.wfile.write(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize(
    ("behaviour", "deadline_s", "fault"),
    [
        (hang, SHORT_S, "no answer in time"),
        (drip, SHORT_S, "no answer in time"),
        # What is told at once has all the time that a busy machine may take for it.
        (break_off, AMPLE_S, "connection broken off"),
        (talk_nonsense, AMPLE_S, "no valid HTTP"),
    ],
)
def test_a_receiver_that_does_not_answer_is_given_up_in_time(
    behaviour: Callable[[Handler, Message], None], deadline_s: float, fault: str
) -> None:
    with receiver(behaviour) as agency:
        assert post(agency.url, deadline_s) == Answer(status=None, fault=fault)


def test_an_answer_without_end_is_cut_off_and_its_status_counts() -> None:
    def flood(handler: Handler, message: Message) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not handler.server.closing.is_set():
            handler.wfile.write(b"a" * 65_536)

    with receiver(flood) as agency:
        assert post(agency.url) == Answer(status=200)


def test_nobody_listening_is_an_answer_too() -> None:
    with receiver() as agency:
        url = agency.url
    assert post(url) == Answer(status=None, fault="connection refused")
    assert post("https://nobody.invalid/").status is None


def test_a_certificate_is_checked(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl makes the certificate; install it"
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with receiver() as agency:
        agency.socket = served.wrap_socket(agency.socket, server_side=True)
        port = agency.server_address[1]
        refused = Answer(status=None, fault="its certificate is not trusted")
        assert post(f"https://localhost:{port}/") == refused
        assert post(f"https://127.0.0.1:{port}/", tls=trusting) == refused, "the name was not checked"
        assert agency.messages == []
        assert post(f"https://localhost:{port}/", tls=trusting) == Answer(status=204)
        assert len(agency.messages) == 1


# The worker


def test_a_failed_message_comes_again_signed_anew_with_the_same_id(centre: Centre) -> None:
    statuses = iter([500, 200])
    with receiver(lambda handler, _: handler.answer(next(statuses))) as agency:
        centre.set_up()
        webhook = centre.register.register("diskominfo", agency.url, everything=True)
        centre.open_incident()
        centre.fill_all()
        sender = worker(centre)
        assert sender.deliver()
        (failed,) = centre.register.deliveries()
        assert (failed.state, failed.attempts, failed.fault) == (DeliveryState.PENDING, 1, "HTTP 500")
        assert not sender.deliver()
        centre.clock.pass_s(10)
        assert sender.deliver()
        first, second = agency.messages
        assert (first.message_id, first.body) == (second.message_id, second.body)
        assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
        assert first.is_from(webhook.secret)
        assert second.is_from(webhook.secret)
        (delivered,) = centre.register.deliveries()
        assert (delivered.state, delivered.attempts, delivered.fault) == (DeliveryState.DELIVERED, 2, None)


def test_signatures_of_both_keys_come_while_a_key_is_changed(centre: Centre) -> None:
    with receiver() as agency:
        old = centre.register.register("diskominfo", agency.url, everything=True)
        new = centre.register.change_secret(old.webhook_id)
        centre.set_up()
        centre.fill_all()
        assert worker(centre).deliver()
        (message,) = agency.messages
        assert message.is_from(old.secret)
        assert message.is_from(new.secret)
        assert not message.is_from("whsec_" + "A" * 32)


def test_an_agency_that_hangs_never_delays_another(centre: Centre) -> None:
    with receiver(hang) as hanging, receiver() as prompt:
        centre.register.register("damkar", hanging.url, everything=True)
        centre.register.register("psc119", prompt.url, everything=True)
        running = worker(centre, threads=2, poll_s=0.02)
        running.start()
        try:
            centre.set_up()
            hanging.wait_until(lambda messages: len(messages) == 1)
            centre.add_notes(centre.open_incident(), 20)
            wanted = sum(is_sent(event.type) for event in centre.store.events_after(0))
            prompt.wait_until(lambda messages: len(messages) == wanted)
            assert len(hanging.messages) == 1
        finally:
            assert running.stop()


def test_stopping_breaks_off_at_once_and_the_message_is_sent_by_the_next(centre: Centre) -> None:
    with receiver(hang) as agency:
        webhook = centre.register.register("diskominfo", agency.url, everything=True)
        first = worker(centre, poll_s=0.02)
        first.start()
        centre.set_up()
        agency.wait_until(lambda messages: len(messages) == 1)
        assert first.stop(timeout_s=20), "AMPLE_S had not passed, so only breaking off ends the request"
        assert centre.register.deliveries()[0].attempts == 0
        agency.behaviour = lambda handler, _: handler.answer(200)
        second = worker(centre, poll_s=0.02)
        second.start()
        try:
            # The centre's clock stands still: only a claim that was given back is free.
            messages = agency.wait_until(lambda messages: len(messages) == 3)
        finally:
            assert second.stop()
        assert messages[0].message_id == messages[1].message_id
        assert all(message.is_from(webhook.secret) for message in messages)


def test_the_worker_outlives_a_database_that_is_away(centre: Centre) -> None:
    class Away(WebhookQueue):
        away = True

        def fill(self, limit: int = 200) -> int:
            if self.away:
                seen.set()
                raise OSError("disk gone")
            return super().fill(limit)

    seen = threading.Event()
    queue = Away(centre.engine, clock=centre.clock, new_id=new_id)
    with receiver() as agency:
        centre.register.register("diskominfo", agency.url, everything=True)
        running = WebhookWorker(queue, Poster(clock=centre.clock), clock=centre.clock, chance=lambda: 0.5, poll_s=0.02)
        running.start()
        try:
            centre.set_up()
            assert seen.wait(60)
            queue.away = False
            agency.wait_until(lambda messages: len(messages) == 2)
        finally:
            assert running.stop()


# Killed


def process(url: str) -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.webhook_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    assert started.stdin is not None
    assert started.stdout is not None
    started.stdin.write(url + "\n")
    started.stdin.flush()
    assert started.stdout.readline() == "started\n"
    return started


def kill(started: subprocess.Popen[str]) -> None:
    started.kill()
    started.communicate()


def test_a_worker_killed_half_way_loses_nothing(store_url: str) -> None:
    """Three workers one after the other, each killed with SIGKILL while a request is under way; then one that ends."""
    centre = Centre(store_url, start=utc_now())
    centre.set_up()
    try:
        with receiver() as agency:
            webhook = centre.register.register("diskominfo", agency.url, everything=True)
            incident_id = centre.open_incident()
            centre.add_notes(incident_id, 40)
            for stop_after in (5, 12, 25):
                held, killed = threading.Event(), threading.Event()

                def hold(
                    handler: Handler, message: Message, stop_after: int = stop_after,
                    held: threading.Event = held, killed: threading.Event = killed,
                ) -> None:  # fmt: skip
                    if len(agency.messages) > stop_after:
                        held.set()
                        killed.wait(60)
                    handler.answer(200)

                agency.behaviour = hold
                running = process(store_url)
                assert held.wait(60)
                kill(running)
                killed.set()
                centre.add_notes(incident_id, 5)
            agency.behaviour = lambda handler, _: handler.answer(200)
            sent = {e.seq for e in centre.store.events_after(webhook.since_seq) if is_sent(e.type)}
            running = process(store_url)
            try:
                messages = agency.wait_until(lambda messages: {one.seq for one in messages} == sent)
                wait_until_delivered(centre, len(sent), agency)
            finally:
                kill(running)
            ids: dict[int, set[str]] = {}
            for message in messages:
                ids.setdefault(message.seq, set()).add(message.message_id)
                assert message.is_from(webhook.secret)
            assert all(len(one) == 1 for one in ids.values()), "a message came again under another id"
            assert len({one for some in ids.values() for one in some}) == len(sent)
            assert len(messages) > len(sent), "nothing was under way when the workers were killed"
    finally:
        centre.close()


def wait_until_delivered(centre: Centre, number: int, agency: Receiver) -> None:
    for _ in range(1200):
        done = [one for one in centre.register.deliveries() if one.state is DeliveryState.DELIVERED]
        if len(done) == number:
            return
        agency.closing.wait(0.05)
    pytest.fail("the last messages were not recorded as delivered")
