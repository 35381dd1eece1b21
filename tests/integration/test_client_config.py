"""A service's configuration in Parameter Store and Secrets Manager as moto has them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from watchpost_client import config, sampling

from tests.integration.client_config_world import ERRORS, Account, account_of, warnings

if TYPE_CHECKING:
    from collections.abc import Iterator

    Captured = pytest.CaptureFixture[str]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account_of(monkeypatch) as made:
        yield made


# What is read.


def test_a_parameter_below_the_services_of_the_stack_is_read_as_the_wanted_type(account: Account) -> None:
    account.put("payments/timeout", "2.5")
    account.put("payments/hosts", "a,b", Type="StringList")

    assert config.get("payments/timeout", type=float) == 2.5
    assert config.get("payments/hosts", type=list) == ["a", "b"]


def test_a_secure_string_is_decrypted(account: Account) -> None:
    key = account.kms.create_key()["KeyMetadata"]["KeyId"]
    account.put("payments/pin", "7319", Type="SecureString", KeyId=key)

    assert config.get("payments/pin") == "7319"
    assert account.calls[-1][1]["WithDecryption"] is True
    assert config.tree("payments") == {"pin": "7319"}
    assert account.calls[-1][1]["WithDecryption"] is True


def test_a_secret_is_read_as_text_as_an_object_and_from_bytes(account: Account) -> None:
    account.put_secret("payments/api-key", SecretString="k-1")
    account.put_secret("payments/db", SecretString='{"user": "u", "password": "p"}')
    account.put_secret("payments/binary", SecretBinary=b"k-2")

    assert config.secret("payments/api-key") == "k-1"
    assert config.secret("payments/db", type=dict)["password"] == "p"
    assert config.secret("payments/binary") == "k-2"


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "/watchpost/watchpost/services/a/b"),
        ({config.STACK: "prod"}, "/watchpost/prod/services/a/b"),
        ({config.STACK: ""}, "/watchpost/watchpost/services/a/b"),
        ({config.PREFIX: "/shop/"}, "/shop/a/b"),
        ({config.PREFIX: "shop/x", config.STACK: "prod"}, "/shop/x/a/b"),
    ],
)
def test_the_environment_says_where_values_lie(
    account: Account, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], name: str
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)

    config.get("/a/b/", default=None)
    config.secret("a/b", default=None)

    assert [params.get("Name", params.get("SecretId")) for _, params in account.calls] == [name, name[1:]]


def test_a_whole_tree_is_read_over_all_its_pages(account: Account) -> None:
    """Parameter Store gives ten at a time (GetParametersByPath)."""
    for number in range(23):
        account.put(f"payments/level/{number}", str(number))
    account.put("payments/timeout", "3")
    account.put("payment", "another")

    found = config.tree("payments", types={"timeout": int})

    assert found == {f"level/{number}": str(number) for number in range(23)} | {"timeout": 3}
    assert account.names().count("GetParametersByPath") == 3
    found["timeout"] = 9
    assert config.tree("/payments/")["timeout"] == "3", "what is kept is not the caller's"
    assert account.names().count("GetParametersByPath") == 3
    assert config.tree("nothing") == {}


# How long it is kept.


def test_a_value_is_kept_for_five_minutes(account: Account) -> None:
    account.put("a", "1")
    account.put_secret("s", SecretString="1")

    def read() -> Any:
        return config.get("a"), config.secret("s"), config.tree("a")

    first = read()
    account.put("a", "2")
    account.clock.seconds += 299
    assert read() == first
    assert len(account.calls) == 3
    account.clock.seconds += 2
    assert config.get("a") == "2"
    read()
    assert len(account.calls) == 6


def test_that_there_is_none_is_kept_as_well(account: Account) -> None:
    """A value that nobody has set costs no call in each invocation."""
    for _ in range(3):
        assert config.get("a", default=1) == 1
    assert len(account.calls) == 1

    account.put("a", "2")
    account.clock.seconds += 299
    assert config.get("a", default=1) == 1
    account.clock.seconds += 2
    assert config.get("a", default=1, type=int) == 2


def test_threads_that_ask_first_at_once_share_the_client(account: Account) -> None:
    account.put("a", "1")

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: config.get("a"), range(20)))

    assert found == ["1"] * 20


# Several at once.


@pytest.mark.parametrize(("number", "calls"), [(0, 0), (1, 1), (10, 1), (11, 2), (25, 3)])
def test_several_parameters_are_read_ten_in_a_call_and_later_without_any(
    account: Account, number: int, calls: int
) -> None:
    for one in range(number):
        account.put(f"p/{one}", str(one), Type="SecureString")

    config.prefetch([f"p/{one}" for one in range(number)])
    assert account.names() == ["GetParameters"] * calls

    assert [config.get(f"p/{one}", type=int) for one in range(number)] == list(range(number))
    config.prefetch([f"/p/{one}/" for one in range(number)])
    assert len(account.calls) == calls


@pytest.mark.parametrize(("number", "calls"), [(20, 1), (21, 2)])
def test_several_secrets_are_read_twenty_in_a_call(account: Account, number: int, calls: int) -> None:
    for one in range(number):
        account.put_secret(f"s/{one}", SecretString=str(one))

    config.prefetch(secrets=[f"s/{one}" for one in range(number)])

    assert account.names() == ["BatchGetSecretValue"] * calls
    assert [config.secret(f"s/{one}", type=int) for one in range(number)] == list(range(number))
    assert len(account.calls) == calls


def test_what_is_missing_among_several_says_so_when_it_is_asked_for(account: Account) -> None:
    account.put("a", "1")

    config.prefetch(["a", "absent"])

    assert config.get("a") == "1"
    assert account.names() == ["GetParameters"]
    assert config.get("absent", default=5) == 5


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_reading_several_never_raises(account: Account, capsys: Captured, error: Any) -> None:
    account.error = error

    config.prefetch(["a"], secrets=["b"])

    assert capsys.readouterr().out == ""
    account.error = None
    account.put("a", "1")
    assert config.get("a") == "1"


def test_what_was_read_with_others_is_kept_for_five_minutes_too(account: Account) -> None:
    account.put("a", "1")
    config.prefetch(["a"])
    account.put("a", "2")

    account.clock.seconds += 299
    assert config.get("a") == "1"
    account.clock.seconds += 2
    assert config.get("a") == "2"


# Who uses it.


def test_the_rate_of_sampled_transactions_follows_the_parameter(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv(sampling.RATE_PATH, "debug-sample-rate")
    monkeypatch.setenv(sampling.RATE, "0.5")

    assert sampling.rate() == 0.5
    account.put("debug-sample-rate", "1")
    account.clock.seconds += 301
    assert sampling.rate() == 1.0
    account.error = "ThrottlingException"
    account.clock.seconds += 301
    assert sampling.rate() == 1.0
    assert len(warnings(capsys)) == 1


def test_given_values_of_a_test_read_nothing(account: Account) -> None:
    with config.override({"a/b": "1", "s": "2"}):
        config.prefetch(["a/b"], secrets=["s"])
        assert (config.get("a/b"), config.secret("s"), config.tree("a")) == ("1", "2", {"b": "1"})

    assert account.calls == []
