"""What cannot be read: the last good value stays, else the default, else there is a clear error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from watchpost_client import config

from tests.integration.client_config_world import ERRORS, Account, account_of, warnings

if TYPE_CHECKING:
    from collections.abc import Iterator

    Captured = pytest.CaptureFixture[str]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account_of(monkeypatch) as made:
        yield made


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_the_last_good_value_stays_with_one_warning(account: Account, capsys: Captured, error: Any) -> None:
    account.put("payments/timeout", "3")
    account.put_secret("payments/api-key", SecretString="hunter2")

    def read() -> Any:
        return config.get("payments/timeout", type=int), config.secret("payments/api-key"), config.tree("payments")

    good = read()
    account.error = error

    for _ in range(4):
        account.clock.seconds += 301
        assert read() == good

    warned = warnings(capsys)
    assert len(warned) == 3, warned
    assert all("the last good value stays" in text for text in warned)
    assert "payments/timeout" in warned[0]
    assert (error if isinstance(error, str) else "EndpointConnectionError") in warned[0]
    assert "hunter2" not in "".join(warned)
    assert "secret-name" not in "".join(warned), "messages of AWS may name keys"


def test_when_it_can_be_read_again_the_new_value_is_taken_and_the_next_trouble_is_told_again(
    account: Account, capsys: Captured
) -> None:
    account.put("a", "1")
    config.get("a")
    account.error = "ThrottlingException"
    account.clock.seconds += 301
    config.get("a")
    account.error = None
    account.put("a", "2")
    account.clock.seconds += config.PAUSE + 1
    assert config.get("a") == "2"
    account.error = "ThrottlingException"
    account.clock.seconds += 301
    assert config.get("a") == "2"

    assert len(warnings(capsys)) == 2


def test_after_a_failure_nobody_asks_again_for_half_a_minute(account: Account) -> None:
    """A service in trouble is not held up by each of its invocations."""
    account.error = "ThrottlingException"
    for _ in range(5):
        assert config.get("a", default=1) == 1
    assert len(account.calls) == 1

    account.clock.seconds += config.PAUSE - 1
    config.get("a", default=1)
    assert len(account.calls) == 1
    account.clock.seconds += 2
    config.get("a", default=1)
    assert len(account.calls) == 2


@pytest.mark.parametrize("error", [*ERRORS, None], ids=str)
def test_what_could_never_be_read_is_a_clear_error_or_the_default(
    account: Account, capsys: Captured, error: Any
) -> None:
    account.error = error

    for read, name in ((config.get, "/watchpost"), (config.secret, "watchpost")):
        with pytest.raises(config.ConfigError, match=f" {name}/watchpost/services/a/b cannot be used: ") as raised:
            read("a/b")
        assert raised.value.__cause__ is None
        assert "secret-name" not in str(raised.value)
        assert read("a/b", default=7) == 7
        assert read("a/b", default=None) is None
    assert len(warnings(capsys)) == (2 if error else 0), "that nobody set it is no trouble where there is a default"


def test_a_value_of_the_wrong_type_is_a_clear_error_or_the_default(account: Account, capsys: Captured) -> None:
    account.put("a", "hunter2")
    account.put("payments/b", "hunter2")

    with pytest.raises(config.ConfigError, match="/services/a cannot be used: it is no int") as raised:
        config.get("a", type=int)
    with pytest.raises(config.ConfigError, match=r"/services/payments cannot be used: of b: it is no int"):
        config.tree("payments", types={"b": int})

    assert config.get("a", type=int, default=5) == 5
    assert config.get("a", type=int, default=5) == 5
    [warned] = warnings(capsys)
    assert "it is no int" in warned
    assert "the default is used" in warned
    assert "hunter2" not in warned + str(raised.value)


def test_a_value_that_becomes_wrong_does_not_replace_a_good_one(account: Account, capsys: Captured) -> None:
    account.put("a", "3")
    assert config.get("a", type=int, default=9) == 3
    account.put("a", "three")
    account.clock.seconds += 301

    assert config.get("a", type=int, default=9) == 3
    assert config.get("a", type=int) == 3
    assert len(warnings(capsys)) == 1
    with pytest.raises(config.ConfigError):
        config.get("a", type=dict)


def test_a_value_that_is_taken_away_gives_way_to_the_default_or_stays(account: Account, capsys: Captured) -> None:
    """Who has a default gets it back by taking the value away; who has none goes on with what there was."""
    account.put("a", "3")
    config.get("a")
    account.take_away("a")
    account.clock.seconds += 301

    assert config.get("a", default="9") == "9"
    assert warnings(capsys) == []
    assert config.get("a") == "3"
    assert "ParameterNotFound" in warnings(capsys)[0]


def test_without_a_region_it_is_a_clear_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    config.forget()

    with pytest.raises(config.ConfigError, match="NoRegionError"):
        config.get("a")
    assert config.tree("a", default={"x": 1}) == {"x": 1}
    config.prefetch(["a"], secrets=["b"])
    config.forget()


def test_a_failure_of_ours_is_counted_and_taken_for_one_of_the_store(
    account: Account, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any) -> Any:
        raise RuntimeError("ours")

    monkeypatch.setattr("watchpost_client.config_source.Source.parameter", broken)

    assert config.get("a", default=5) == 5
    with pytest.raises(config.ConfigError, match="failed unexpectedly"):
        config.get("b")
    assert capsys.readouterr().out.count("watchpost-client-failures|#where:config") == 1
