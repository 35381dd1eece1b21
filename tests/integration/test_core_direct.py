"""Calls of AWS without botocore, against a small server that checks signatures and answers as it is told."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from botocore.exceptions import BotoCoreError, ClientError
from shipper import cloudwatch
from watchpost import aws, configuration, dead_letters, direct, secrets
from watchpost.dead_letters import DeadLetter
from watchpost.direct import Caller
from watchpost.direct_objects import Objects
from watchpost.errors import ConfigurationError, DeadLetterError
from watchpost.signing import Credentials

from tests.integration.faults import signature
from tests.integration.proxy_server import tls_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEYS = Credentials(signature.ACCESS_KEY, signature.SECRET_KEY, signature.SESSION_TOKEN)
DONE = (200, b'{"Parameter":{"Value":"{}","Version":3}}')
BUSY = (400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}')
BROKEN = (503, b"<html>unavailable</html>")
REFUSED = (400, b'{"__type":"AccessDeniedException","Message":"not authorized"}')
HANGS_UP: tuple[int, bytes] = (0, b"")


class Service:
    """A service of AWS. answers: what the next requests get, the last one again and again."""

    def __init__(self) -> None:
        self.answers = [DONE]
        self.asked: list[tuple[str, Any]] = []  # operation and parameters, or path and what is put there
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body, headers = self._request()
                service.asked.append((headers["x-amz-target"], json.loads(body)))
                self._answer()

            def do_PUT(self) -> None:
                body, headers = self._request()
                service.asked.append((self.path, (headers["content-type"], headers["content-encoding"], body)))
                self._answer()

            def _request(self) -> tuple[bytes, dict[str, str]]:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                assert signature.fault_of(self.command, self.path, headers, body) is None
                return body, headers

            def _answer(self) -> None:
                status, content = service.answers.pop(0) if len(service.answers) > 1 else service.answers[0]
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()  # waits for the connections that are still open, so that one that is left is found
    thread.join()


@pytest.fixture
def waited() -> list[float]:
    """Seconds that were waited between attempts."""
    return []


@pytest.fixture
def call(service: Service, waited: list[float]) -> Callable[[], Any]:
    caller = Caller(direct.SSM, service.url, "eu-west-1", KEYS, pause=waited.append)
    return lambda: caller.call("GetParameter", {"Name": "ü"})


def test_the_answer_is_the_services(service: Service, call: Callable[[], Any], waited: list[float]) -> None:
    assert call() == {"Parameter": {"Value": "{}", "Version": 3}}
    assert service.asked == [("AmazonSSM.GetParameter", {"Name": "ü"})]
    assert waited == []


@pytest.mark.parametrize(
    ("trouble", "longest"),
    [(BUSY, 1), ((429, b""), 1), (BROKEN, 0.05), (HANGS_UP, 0.05), ((200, b"<html>"), 0.05), ((200, b"[]"), 0.05)],
)
def test_what_may_pass_is_tried_four_times(
    service: Service, call: Callable[[], Any], waited: list[float], trouble: tuple[int, bytes], longest: float
) -> None:
    # three times is borne, with pauses that may double
    service.answers = [trouble, trouble, trouble, DONE]
    assert call()["Parameter"]["Version"] == 3
    assert len(service.asked) == direct.MAX_ATTEMPTS
    assert all(0 <= seconds < times * longest for seconds, times in zip(waited, (1, 2, 4), strict=True))

    # four times is not
    service.answers = [trouble, trouble, trouble, trouble, DONE]
    with pytest.raises((ClientError, BotoCoreError)):
        call()
    assert len(service.asked) == 2 * direct.MAX_ATTEMPTS


def test_a_refusal_is_told_at_once_as_botocore_tells_it(service: Service, call: Callable[[], Any]) -> None:
    service.answers = [REFUSED]

    with pytest.raises(ClientError) as caught:
        call()

    assert aws.code_of(caught.value) == "AccessDeniedException"
    assert str(caught.value) == (
        "An error occurred (AccessDeniedException) when calling the GetParameter operation: not authorized"
    )
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (BROKEN, "(503) when calling the GetParameter operation: <html>unavailable</html>"),
        (HANGS_UP, "ssm gave no answer: RemoteDisconnected: "),
        ((200, b"<html>"), "ssm gave no answer: what came is no JSON object"),
    ],
)
def test_an_error_says_what_happened_and_no_secret(
    service: Service, call: Callable[[], Any], trouble: tuple[int, bytes], told: str
) -> None:
    service.answers = [trouble]

    with pytest.raises((ClientError, BotoCoreError)) as caught:
        call()

    assert told in str(caught.value)
    assert KEYS.secret_key not in str(caught.value)
    assert str(KEYS.token) not in str(caught.value)


def test_nobody_there_is_an_error_of_botocores(waited: list[float]) -> None:
    caller = Caller(direct.SSM, "http://127.0.0.1:1", "eu-west-1", KEYS, pause=waited.append)

    with pytest.raises(BotoCoreError, match="ssm gave no answer: ConnectionRefusedError"):
        caller.call("GetParameter", {"Name": "x"})

    assert len(waited) == direct.MAX_ATTEMPTS - 1


@pytest.fixture
def function(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment of a function that has read nothing yet, and has no botocore."""
    for name in direct._UNUSUAL:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "botocore.session", None)  # importing it raises
    aws.session.cache_clear()
    for name, value in {
        "AWS_LAMBDA_FUNCTION_NAME": "watchpost-shipper",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": KEYS.access_key,
        "AWS_SECRET_ACCESS_KEY": KEYS.secret_key,
        "AWS_SESSION_TOKEN": str(KEYS.token),
        "AWS_ENDPOINT_URL": service.url,
        "URL_SUFFIX": "amazonaws.com",
    }.items():
        monkeypatch.setenv(name, value)
    secrets._kept.clear()
    configuration._sources.clear()
    yield
    secrets._kept.clear()
    configuration._sources.clear()


@pytest.mark.usefixtures("function")
def test_a_function_reads_its_configuration_and_its_secrets_so(service: Service) -> None:
    service.answers = [(200, json.dumps({"Parameter": {"Value": '{"service_tags": ["a"]}', "Version": 1}}).encode())]
    assert configuration.current("/config").service_tags == ("a",)
    service.answers = [(200, b'{"SecretString":"{\\"password\\": \\"p\\"}"}')]
    assert secrets.read("hooks").get("password") == "p"

    assert service.asked == [
        ("AmazonSSM.GetParameter", {"Name": "/config"}),
        ("secretsmanager.GetSecretValue", {"SecretId": "hooks"}),
    ]


@pytest.mark.usefixtures("function")
def test_a_function_puts_its_metrics_so(service: Service) -> None:
    cloudwatch.connected.cache_clear()
    service.answers = [(200, b"{}")]

    cloudwatch.connected("eu-west-1", "amazonaws.com").put(b'{"Namespace":"N"}', 10.0)

    cloudwatch.connected("eu-west-1", "amazonaws.com").close()
    cloudwatch.connected.cache_clear()
    assert service.asked == [("GraniteServiceVersion20100801.PutMetricData", {"Namespace": "N"})]


def test_metrics_go_where_botocore_would_send_them_when_the_environment_is_unusual(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    for cache in (aws.session, aws.client, cloudwatch.connected):
        cache.cache_clear()

    asked = cloudwatch.connected("us-east-1", "amazonaws.com")._connection.host

    for cache in (aws.session, aws.client, cloudwatch.connected):
        cache.cache_clear()
    assert asked == "monitoring-fips.us-east-1.amazonaws.com"


@pytest.mark.usefixtures("function")
def test_an_earlier_version_that_is_not_there_ends_the_search(service: Service) -> None:
    newest = {"Parameter": {"Value": "{", "Version": 2}}
    gone = b'{"__type":"ParameterVersionNotFound","message":"no such version"}'
    service.answers = [(200, json.dumps(newest).encode()), (400, gone)]

    with pytest.raises(ConfigurationError):
        configuration.current("/config")

    assert [parameters for _, parameters in service.asked] == [{"Name": "/config"}, {"Name": "/config:1"}]


@pytest.mark.usefixtures("function")
def test_a_secret_without_text_is_told_as_one_that_is_no_json(service: Service) -> None:
    service.answers = [(200, b'{"SecretBinary":"eA=="}')]

    with pytest.raises(ConfigurationError, match="secret hooks"):
        secrets.read("hooks")


def plenty() -> float:
    """Seconds that are left."""
    return 60.0


LETTER = DeadLetter("payload", "unreadable", 1, "x", "2026-11-22T08:00:00.000Z")


@pytest.mark.usefixtures("function")
def test_a_function_stores_dead_letters_so(service: Service) -> None:
    service.answers = [(200, b"")]

    key = dead_letters.store(aws.bucket(plenty), "letters", "request", [LETTER])

    [(path, (content_type, encoding, body))] = service.asked
    assert path == f"/letters/{key}"
    assert (content_type, encoding) == ("application/x-ndjson", "gzip")
    assert dead_letters.decode(body).letters == [LETTER]


@pytest.mark.usefixtures("function")
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((403, b"<Error><Code>AccessDenied</Code><Message>Access\nDenied</Message></Error>"), "(AccessDenied)"),
        ((301, b""), "(301)"),
        ((400, b"<html>"), "(400) when calling the PutObject operation: <html>"),
    ],
)
def test_a_bucket_that_refuses_is_told_at_once(service: Service, answer: tuple[int, bytes], told: str) -> None:
    service.answers = [answer]

    with pytest.raises(DeadLetterError) as caught:
        dead_letters.store(aws.bucket(plenty), "letters", "request", [LETTER])

    assert told in caught.value.reason
    assert len(service.asked) == 1


def test_a_bucket_that_is_busy_is_asked_four_times(service: Service, waited: list[float]) -> None:
    busy = (503, b"<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>")
    objects = Objects(lambda bucket: f"{service.url}/{bucket}", "eu-west-1", KEYS, plenty, waited.append)

    service.answers = [busy, busy, busy, (200, b"")]
    dead_letters.store(objects, "letters", "request", [LETTER])
    assert len(service.asked) == direct.MAX_ATTEMPTS

    service.answers = [busy, busy, busy, busy, (200, b"")]
    with pytest.raises(DeadLetterError, match="SlowDown"):
        dead_letters.store(objects, "letters", "request", [LETTER])
    assert len(service.asked) == 2 * direct.MAX_ATTEMPTS
    assert len(waited) == 2 * (direct.MAX_ATTEMPTS - 1)


def test_a_success_that_holds_an_error_is_none(service: Service, waited: list[float]) -> None:
    error = (200, b'<?xml version="1.0"?><Error><Code>InternalError</Code><Message>a &quot;b&quot;</Message></Error>')
    objects = Objects(lambda bucket: f"{service.url}/{bucket}", "eu-west-1", KEYS, plenty, waited.append)

    service.answers = [error]
    with pytest.raises(DeadLetterError, match=r'\(InternalError\) when calling the PutObject operation: a "b"'):
        dead_letters.store(objects, "letters", "request", [LETTER])

    assert len(service.asked) == direct.MAX_ATTEMPTS


def test_no_attempt_is_made_for_which_there_is_no_time(service: Service, waited: list[float]) -> None:
    objects = Objects(lambda bucket: f"{service.url}/{bucket}", "eu-west-1", KEYS, lambda: 0.0, waited.append)

    service.answers = [(503, b"")]
    with pytest.raises(DeadLetterError, match="503"):
        dead_letters.store(objects, "letters", "request", [LETTER])

    assert (len(service.asked), waited) == (1, [])


class _Service(BaseHTTPRequestHandler):
    """Answers whoever has shaken hands."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(DONE[1])))
        self.end_headers()
        self.wfile.write(DONE[1])

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_a_service_is_believed_only_with_a_certificate_that_somebody_vouches_for(
    waited: list[float], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority, bundle = trustme.CA(), tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(str(bundle))

    with tls_server(_Service, authority.issue_cert("localhost")) as port:
        caller = Caller(direct.SSM, f"https://localhost:{port}", "eu-west-1", KEYS, pause=waited.append)
        with pytest.raises(BotoCoreError, match="CERTIFICATE_VERIFY_FAILED"):
            caller.call("GetParameter", {"Name": "x"})

        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
        assert caller.call("GetParameter", {"Name": "x"})["Parameter"]["Version"] == 3

        cloudwatch.CloudWatch(f"https://localhost:{port}", "eu-west-1", lambda: KEYS).put(b"{}", 10.0)

        other = Caller(direct.SSM, f"https://127.0.0.1:{port}", "eu-west-1", KEYS, pause=waited.append)
        with pytest.raises(BotoCoreError, match="CERTIFICATE_VERIFY_FAILED"):
            other.call("GetParameter", {"Name": "x"})


@pytest.mark.parametrize(("content", "told"), [(None, "No such file or directory"), ("x", "")])
def test_authorities_that_are_none_are_told(
    content: str | None, told: str, waited: list[float], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))

    with pytest.raises(
        ConfigurationError, match=f"AWS_CA_BUNDLE: found .*{told}.*, expected a file of PEM certificates"
    ):
        Caller(direct.SSM, "https://127.0.0.1:1", "eu-west-1", KEYS, pause=waited.append).call("GetParameter", {})


def test_what_cannot_be_sent_is_told_without_what_it_is(service: Service, waited: list[float]) -> None:
    keys = Credentials("AKIAEXAMPLE", "the-secret", "the\ntoken")
    caller = Caller(direct.SSM, service.url, "eu-west-1", keys, pause=waited.append)

    with pytest.raises(BotoCoreError, match=r"ssm gave no answer: ValueError$") as caught:
        caller.call("GetParameter", {})

    assert "token" not in str(caught.value)
    assert service.asked == []
