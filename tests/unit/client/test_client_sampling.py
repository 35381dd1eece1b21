"""Whether debug lines are written is decided once for a transaction, and everybody follows."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost_client import config, correlation, guard, handler, sampling, wire
from watchpost_client import context as contexts

from .spoken import lambda_context, request


@pytest.fixture(autouse=True)
def _no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sampling.RATE, raising=False)
    monkeypatch.delenv(sampling.RATE_PATH, raising=False)


@pytest.mark.parametrize("rate", ["0", "1", "0.5"])
@pytest.mark.parametrize("debug", [True, False])
def test_a_decision_that_arrived_stays(monkeypatch: pytest.MonkeyPatch, rate: str, debug: bool) -> None:
    monkeypatch.setenv(sampling.RATE, rate)

    assert sampling.decided(contexts.Context("c-1", debug=debug)).debug is debug


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=128))
def test_one_id_has_one_place_and_none_is_at_the_end(correlation_id: str) -> None:
    """So at a rate of one all are sampled, and at zero none."""
    place = sampling.place(correlation_id)

    assert 0 <= place < 1
    assert place == sampling.place(correlation_id)


def _hash_to(monkeypatch: pytest.MonkeyPatch, byte: bytes) -> None:
    monkeypatch.setattr(sampling.hashlib, "sha256", lambda _data: SimpleNamespace(digest=lambda: byte * 32))


def test_the_largest_hash_is_still_below_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A float has 53 bits: more of them would round to one, and at a rate of one something were left out."""
    _hash_to(monkeypatch, b"\xff")
    monkeypatch.setenv(sampling.RATE, "1")

    assert sampling.place("c") < 1
    assert sampling.decided(contexts.Context("c")).debug is True


def test_the_smallest_hash_is_not_sampled_at_a_rate_of_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    _hash_to(monkeypatch, b"\x00")
    monkeypatch.setenv(sampling.RATE, "0")

    assert sampling.decided(contexts.Context("c")).debug is False


@pytest.mark.parametrize(("rate", "sampled"), [("0", 0), ("0.0", 0), ("1", 1_000), ("1.0", 1_000)])
def test_rates_of_zero_and_one_are_exact(monkeypatch: pytest.MonkeyPatch, rate: str, sampled: int) -> None:
    monkeypatch.setenv(sampling.RATE, rate)

    assert sum(sampling.decided(contexts.new()).debug is True for _ in range(1_000)) == sampled


def test_a_rate_is_about_that_part_of_the_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sampling.RATE, "0.1")

    sampled = sum(sampling.decided(contexts.new(f"order-{number}")).debug is True for number in range(10_000))

    assert 900 < sampled < 1_100


def test_what_is_sampled_at_a_rate_is_sampled_at_every_higher_one(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for rate in ("0.1", "0.4"):
        monkeypatch.setenv(sampling.RATE, rate)
        found.append({n for n in range(500) if sampling.decided(contexts.new(f"order-{n}")).debug})

    assert found[0] < found[1]


@pytest.mark.parametrize("rate", ["", "x", "-0.1", "1.1", "50", "nan", "inf", "1e400"])
def test_what_is_no_rate_counts_as_zero_and_is_told_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rate: str
) -> None:
    """Above all 50, by whoever meant percent, does not write every debug line there is."""
    monkeypatch.setenv(sampling.RATE, rate)

    assert [sampling.rate() for _ in range(3)] == [0.0] * 3
    assert capsys.readouterr().out.count("watchpost-client-failures|#where:sampling") == 1


def test_the_rate_may_come_from_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sampling.RATE_PATH, "shop/debug-sample-rate")

    with config.override({"shop/debug-sample-rate": "0.25"}):
        assert sampling.rate() == 0.25
    with config.override({"shop/debug-sample-rate": 1}):
        assert sampling.rate() == 1.0


def test_the_decision_is_carried_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a service passes on says how it decided, and the next one follows, whatever its own rate is."""
    monkeypatch.setenv(sampling.RATE, "1")
    sent: list[dict[str, str]] = []

    def sends(event: object, context: object) -> None:
        current = correlation.current()
        assert current is not None
        sent.append(correlation.to_headers(current))

    handler(sends)(request(), lambda_context())
    monkeypatch.setenv(sampling.RATE, "0")
    handler(sends)(request(**sent[0]), lambda_context("another"))

    assert sent[0][wire.DEBUG] == "true"
    assert sent[1] == sent[0]
    assert guard._told == set()
