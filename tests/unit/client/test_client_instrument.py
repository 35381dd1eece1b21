"""One call instruments a session and the libraries for HTTP: once, whenever they are made or imported, and for good."""

from __future__ import annotations

import inspect
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import urllib3
from watchpost_client import correlation, instrument, passing, wire
from watchpost_client.outgoing import http, imports, sqs

from .deliveries import QUEUE, Cloud, session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back what is global: the libraries, the default session, the finders, the hosts."""
    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", urllib3.HTTPConnectionPool.urlopen)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setattr(sys, "meta_path", [item for item in sys.meta_path if not isinstance(item, imports._Finder)])
    monkeypatch.delenv(passing.HOSTS, raising=False)
    http.forget()
    yield
    http.forget()


def _attributes(cloud: Cloud) -> list[str]:
    with correlation.use(correlation.new("c-1")):
        sent = cloud.sent("sqs", "send_message", QueueUrl=QUEUE, MessageBody="m")
    return list(sent.get("MessageAttributes", {}))


def test_clients_made_before_and_after_are_instrumented() -> None:
    before = Cloud()
    before.client("sqs")

    instrument(before.session)
    after = Cloud(before.session)

    assert _attributes(before) == [wire.ID]
    assert _attributes(after) == [wire.ID]


def test_clients_of_another_session_are_left_alone() -> None:
    """Its owner may have its own reasons."""
    other = Cloud()
    other.client("sqs")

    instrument(session())

    assert _attributes(other) == []


def test_the_default_session_is_instrumented_with_what_was_made_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    before = boto3.client("sqs", region_name="eu-west-1")
    queue = boto3.resource("sqs", region_name="eu-west-1").Queue(QUEUE)
    instrument()
    after = boto3.client("sqs", region_name="eu-west-1")

    for client in (before, queue.meta.client, after):
        cloud = Cloud(clients={"sqs": client})
        client.meta.events.register_first("before-call.*.*", cloud._take)
        assert _attributes(cloud) == [wire.ID]


def test_a_second_call_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []
    monkeypatch.setitem(passing.OPERATIONS, "sqs.SendMessage", lambda params, _pairs: calls.append(params))
    cloud = Cloud()
    cloud.client("sqs")
    for _ in range(3):
        instrument(cloud.session, http_hosts=["good.example"])
    patched = urllib3.HTTPConnectionPool.urlopen

    _attributes(cloud)
    instrument(cloud.session, http_hosts=["good.example"])

    assert len(calls) == 1
    assert urllib3.HTTPConnectionPool.urlopen is patched
    assert sum(isinstance(item, imports._Finder) for item in sys.meta_path) <= 1


def test_handlers_of_the_service_are_called_before_ours_and_what_they_add_stays() -> None:
    cloud = Cloud()
    instrument(cloud.session)
    client = cloud.client("sqs")

    def theirs(params: dict[str, Any], **_: Any) -> None:
        params["MessageAttributes"] = {"traceparent": {"DataType": "String", "StringValue": "theirs"}}

    client.meta.events.register("before-parameter-build.sqs.SendMessage", theirs)

    assert _attributes(cloud) == ["traceparent", wire.ID]


def test_a_failure_of_ours_is_told_once_and_the_call_goes_out_as_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(sqs.attributes, "add", fails)
    cloud = Cloud()
    instrument(cloud.session)

    assert [_attributes(cloud), _attributes(cloud)] == [[], []]
    assert capsys.readouterr().out.count("watchpost-client-failures|#where:passing-sqs.SendMessage") == 1


@pytest.mark.parametrize("wrong", ["no session", 17])
def test_what_is_no_session_breaks_nothing(capsys: pytest.CaptureFixture[str], wrong: Any) -> None:
    instrument(wrong, http_hosts=17)  # type: ignore[arg-type]  # that is the point

    told = capsys.readouterr().out
    assert told.count("watchpost-client-failures|#where:passing-boto") == 1
    assert told.count("watchpost-client-failures|#where:passing-http") == 1


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("send_message", {"QueueUrl": QUEUE, "MessageBody": "m", "MessageAttributes": ["wrong"]}),
        ("send_message", {"QueueUrl": QUEUE, "MessageBody": "m", "MessageAttributes": {"a": "wrong"}}),
        ("send_message", {"QueueUrl": QUEUE, "MessageBody": 17}),
        ("send_message", {}),
        ("send_message_batch", {"QueueUrl": QUEUE, "Entries": "wrong"}),
        ("send_message_batch", {"QueueUrl": QUEUE, "Entries": [None, 17]}),
    ],
)
def test_what_botocore_refuses_it_refuses_as_without_us(
    capsys: pytest.CaptureFixture[str], operation: str, params: dict[str, Any]
) -> None:
    cloud, plain = Cloud(), Cloud()
    instrument(cloud.session)
    errors = []
    for each in (cloud, plain):
        with correlation.use(correlation.new("c-1")), pytest.raises(Exception, match="Parameter validation") as raised:
            getattr(each.client("sqs"), operation)(**params)
        errors.append((type(raised.value), str(raised.value)))

    assert errors[0] == errors[1]
    assert capsys.readouterr().out == ""


def test_without_hosts_no_library_is_touched() -> None:
    before = urllib3.HTTPConnectionPool.urlopen

    instrument(boto=False)

    assert urllib3.HTTPConnectionPool.urlopen is before


def test_what_is_patched_keeps_its_signature_and_name() -> None:
    before = inspect.signature(urllib3.HTTPConnectionPool.urlopen)

    instrument(boto=False, http_hosts=["good.example"])

    after = urllib3.HTTPConnectionPool.urlopen
    assert inspect.signature(after) == before
    assert after.__name__ == "urlopen"


@pytest.mark.parametrize(
    ("pattern", "host", "allowed"),
    [
        ("good.example", "good.example", True),
        ("good.example", "GOOD.example.", True),
        ("Good.Example:8443", "good.example", True),
        ("https://good.example:8443/path", "good.example", True),
        ("good.example", "not-good.example", False),
        ("good.example", "good.example.evil.example", False),
        ("good.example", "goodXexample", False),
        ("*.good.example", "a.b.good.example", True),
        ("*.good.example", "good.example", False),
        ("*.good.example", "good.example.evil.example", False),
        ("orders-?.internal", "orders-1.internal", True),
        ("orders-[12].internal", "orders-2.internal", True),
        ("orders-[12].internal", "orders-3.internal", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("[::1]:8080", "::1", True),
        ("::1", "[::1]", True),
        ("*", "anything", True),
        ("", "", False),
        (" ", "good.example", False),
    ],
)
def test_a_host_is_allowed_by_its_whole_name(pattern: str, host: str, allowed: bool) -> None:
    instrument(boto=False, http_hosts=[pattern])

    assert http.is_allowed(host) is allowed


def test_hosts_come_from_the_call_and_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(passing.HOSTS, "one.example, two.example three.example")

    instrument(boto=False, http_hosts="four.example")
    instrument(boto=False, http_hosts=["five.example"])

    hosts = [f"{name}.example" for name in ("one", "two", "three", "four", "five", "six")]
    assert [http.is_allowed(host) for host in hosts] == [True] * 5 + [False]


def test_nothing_is_allowed_that_nobody_named() -> None:
    instrument(boto=False)

    assert not http.is_allowed("good.example")


class _Shelf(MetaPathFinder, Loader):
    """A library that can be imported, without a file."""

    def find_spec(self, fullname: str, *_: Any) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, origin="shelf") if fullname == "some_library_for_http" else None

    def exec_module(self, module: ModuleType) -> None:
        module.answer = 42  # type: ignore[attr-defined]  # it is what the library says


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, _Shelf()])
    yield "some_library_for_http"
    sys.modules.pop("some_library_for_http", None)


def test_a_library_that_is_imported_later_is_patched_once_when_it_is_there(library: str) -> None:
    seen: list[ModuleType] = []
    imports.when_imported(library, seen.append)
    assert seen == []

    module = __import__(library)
    del sys.modules[library]
    __import__(library)

    assert seen == [module]
    assert module.answer == 42
    assert module.__spec__ is not None
    assert module.__spec__.origin == "shelf"


def test_a_library_that_is_there_is_patched_at_once() -> None:
    seen: list[ModuleType] = []

    imports.when_imported("urllib3", seen.append)

    assert seen == [urllib3]


def test_a_library_that_is_not_installed_is_missing_as_ever() -> None:
    imports.when_imported("no_such_library_for_http", lambda _: None)

    with pytest.raises(ModuleNotFoundError, match="no_such_library_for_http"):
        __import__("no_such_library_for_http")


def test_a_patch_that_fails_does_not_fail_the_import(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(_: ModuleType) -> None:
        raise AttributeError("another version of it")

    imports.when_imported(library, fails)

    assert __import__(library).answer == 42
    assert "watchpost-client-failures|#where:passing-import" in capsys.readouterr().out
