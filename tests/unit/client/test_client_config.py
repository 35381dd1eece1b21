"""What a stored text is as the wanted type, and the values that a test gives; nothing here reads anything."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost_client import config, config_values

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("stored", "kind", "value"),
    [
        ("text", str, "text"),
        ("", str, ""),
        (b"\xc3\xa4", str, "ä"),
        ("7", int, 7),
        (" -7\n", int, -7),
        ("2.5", float, 2.5),
        ("3", float, 3.0),
        *((text, bool, True) for text in ("true", "TRUE", "1", "yes", "on", " True ")),
        *((text, bool, False) for text in ("false", "False", "0", "no", "off")),
        ('{"a": [1]}', dict, {"a": [1]}),
        ("[1, 2]", list, [1, 2]),
        (' ["a,b"]', list, ["a,b"]),
        ("a, b ,c", list, ["a", "b", "c"]),
        ("a", list, ["a"]),
        ("", list, []),
    ],
)
def test_a_text_is_read_as_the_wanted_type(stored: Any, kind: type, value: Any) -> None:
    found = config_values.converted(stored, kind)

    assert found == value
    assert type(found) is kind


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        ("hunter2", int),
        ("2.5", int),
        ("", int),
        ("9" * 101, int),
        ("hunter2", float),
        ("hunter2", bool),
        ("", bool),
        ("2", bool),
        ("hunter2", dict),
        ("[1]", dict),
        ("[" * 100_000, list),
        ("[1", list),
        (b"\xff", str),
        ("hunter2", tuple),
    ],
)
def test_what_is_no_such_type_is_refused_without_telling_the_value(stored: Any, kind: type) -> None:
    with pytest.raises(ValueError, match=r"^(it is no|a value can be) ") as refused:
        config_values.converted(stored, kind)

    assert "hunter2" not in str(refused.value)
    assert refused.value.__context__ is None or "hunter2" not in str(refused.value.__context__)


@given(_JSON)
def test_json_is_read_back_as_it_was(value: Any) -> None:
    text = json.dumps(value)

    for kind in (dict, list):
        if isinstance(value, kind):
            assert config_values.converted(text, kind) == value


@given(st.text(max_size=200), st.sampled_from(config_values.TYPES))
def test_whatever_is_stored_there_is_a_value_of_the_type_or_a_clear_refusal(stored: str, kind: type) -> None:
    refusal = ""
    try:
        assert type(config_values.converted(stored, kind)) is kind
    except ValueError as refused:
        refusal = str(refused)

    assert refusal in (
        "",
        f"it is no {kind.__name__}",
        f"it is no {kind.__name__} as JSON",
        "it is no bool: true or false",
    )


# Values that a test gives.


def test_given_values_stand_for_parameters_and_secrets() -> None:
    with config.override({"payments/timeout": "3", "/payments/api-key/": "k"}):
        assert config.get("payments/timeout", type=int) == 3
        assert config.get("/payments/timeout", default=9) == "3"
        assert config.secret("payments/api-key") == "k"


def test_a_given_value_that_is_no_text_is_returned_as_it_is() -> None:
    given_value = {"a": 1}

    with config.override({"payments/limits": given_value, "payments/none": None}):
        assert config.get("payments/limits", type=dict) is given_value
        assert config.get("payments/none", default=1) is None


def test_inner_values_win_and_the_outer_ones_come_back_also_after_an_error() -> None:
    def fails() -> None:
        with config.override({"a": "inner"}):
            assert config.get("a") == "inner"
            assert config.get("b") == "outer"
            raise KeyError

    with config.override({"a": "outer", "b": "outer"}):
        with pytest.raises(KeyError):
            fails()
        assert config.get("a") == "outer"
    assert config._overrides == []


def test_two_blocks_with_the_same_values_take_away_their_own() -> None:
    outer, inner = config.override({"a": "1"}), config.override({"a": "1"})
    with outer:
        with inner:
            pass
        assert config.get("a") == "1"


def test_threads_see_given_values() -> None:
    found = []
    with config.override({"a": "1"}):
        thread = threading.Thread(target=lambda: found.append(config.get("a")))
        thread.start()
        thread.join()

    assert found == ["1"]


def test_a_given_text_of_the_wrong_type_is_a_mistake_of_the_test() -> None:
    given_value = config.override({"a": "hunter2"})
    with given_value, pytest.raises(config.ConfigError, match="a cannot be used: it is no int") as raised:
        config.get("a", type=int, default=1)

    assert "hunter2" not in str(raised.value)


def test_a_tree_of_given_values_is_that_of_the_test_alone() -> None:
    with config.override({"payments/timeout": "3", "payments/retry/attempts": 2, "payment/x": "other"}):
        assert config.tree("payments", types={"timeout": float}) == {"timeout": 3.0, "retry/attempts": 2}


@pytest.mark.parametrize("path", ["", "/", "a//b", "a b", "a:3", "a\n", "ä", "x" * 501, None, 7])
def test_what_is_no_path_is_refused_or_gives_the_default(path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """`:3` would be a version of the parameter, which no caller means by a path."""
    with pytest.raises(config.ConfigError, match="no path such as payments/timeout"):
        config.get(path)
    assert config.get(path, default=5) == 5
    assert config.secret(path, default=5) == 5
    assert config.tree(path, default={}) == {}
    config.prefetch([path], secrets=[path])
    config.forget()
