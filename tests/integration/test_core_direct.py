"""Calls of AWS without botocore, against a small server that checks signatures and answers as it is told."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from botocore.exceptions import BotoCoreError, ClientError
from watchpost import aws, configuration, direct, secrets
from watchpost.direct import Caller
from watchpost.errors import ConfigurationError
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
        self.asked: list[tuple[str, Any]] = []  # operation and parameters
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                assert signature.fault_of("POST", self.path, headers, body) is None
                service.asked.append((headers["x-amz-target"], json.loads(body)))
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


@pytest.mark.parametrize("trouble", [BUSY, BROKEN, HANGS_UP, (200, b"<html>"), (200, b"[]")])
def test_what_may_pass_is_tried_four_times(
    service: Service, call: Callable[[], Any], waited: list[float], trouble: tuple[int, bytes]
) -> None:
    # three times is borne, with pauses that may double
    service.answers = [trouble, trouble, trouble, DONE]
    assert call()["Parameter"]["Version"] == 3
    assert len(service.asked) == direct.MAX_ATTEMPTS
    assert all(0 <= seconds < longest for seconds, longest in zip(waited, (1, 2, 4), strict=True))

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
    """The environment of a function that has read nothing yet."""
    for name, value in {
        "AWS_LAMBDA_FUNCTION_NAME": "watchpost-shipper",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": KEYS.access_key,
        "AWS_SECRET_ACCESS_KEY": KEYS.secret_key,
        "AWS_SESSION_TOKEN": str(KEYS.token),
        "AWS_ENDPOINT_URL": service.url,
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


class _Parameters(BaseHTTPRequestHandler):
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

    with tls_server(_Parameters, authority.issue_cert("localhost")) as port:
        caller = Caller(direct.SSM, f"https://localhost:{port}", "eu-west-1", KEYS, pause=waited.append)
        with pytest.raises(BotoCoreError, match="CERTIFICATE_VERIFY_FAILED"):
            caller.call("GetParameter", {"Name": "x"})

        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
        assert caller.call("GetParameter", {"Name": "x"})["Parameter"]["Version"] == 3

        other = Caller(direct.SSM, f"https://127.0.0.1:{port}", "eu-west-1", KEYS, pause=waited.append)
        with pytest.raises(BotoCoreError, match="CERTIFICATE_VERIFY_FAILED"):
            other.call("GetParameter", {"Name": "x"})
