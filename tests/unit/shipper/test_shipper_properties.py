"""What holds for any line whatsoever."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from conftest import Shipper

TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)  # lone surrogates as well
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
_NAMES = (
    "message msg level service log error err exception stack correlation correlation_id x-correlation-a cold_start "
    "requestId trace_id type record errorType environment thrown _aws"
)
KNOWN = st.sampled_from(_NAMES.split(" "))
JSON_LINES = st.dictionaries(KNOWN | TEXT, ANY_JSON, max_size=6).map(json.dumps)
PLATFORM_LINES = st.fixed_dictionaries({"type": st.just("platform.report"), "record": ANY_JSON}).map(json.dumps)
STARTS = st.sampled_from(
    [
        "",
        "[INFO]\t",
        "[ERROR]\t2026-11-21T08:00:00.123Z\t\t",
        "2026-11-21T08:00:00.123Z\tid\tINFO\t",
        "REPORT RequestId: ",
        "START RequestId: ",
        "MONITORING|",
        "{",
        "2026-11-21 08:00:00 INFO ",
        "Traceback (most recent call last):\r",
        "RequestId: ",
        "2026-11-21T08:00:00.123Z\tid\tERROR\tInvoke Error \t",
    ]
)
LINES = st.builds(str.__add__, STARTS, TEXT | JSON_LINES) | PLATFORM_LINES


def no_constant(word: str) -> Any:
    raise AssertionError(f"{word} is not strict JSON")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(lines=st.lists(LINES, max_size=5))
@example(lines=['{"a": ' + "[" * 900 + "]" * 900 + "}"])
@example(lines=["\ud800", '{"\ud800": 1}', "MONITORING|1795248000|1|count|\ud800|#\ud800:\ud800"])
def test_any_lines_become_as_many_outcomes_of_valid_ndjson(shipper: Shipper, lines: list[str]) -> None:
    """Property: no line raises, each is a document or filtered, and documents are strict UTF-8 JSON on two lines."""
    shipped = shipper.ship(*lines)

    assert len(shipped.items) + shipped.counts.lines_filtered == len(lines)
    for item in shipped.items:
        action, document, rest = item.split(b"\n")
        assert rest == b""
        assert set(json.loads(action)) == {"create"}
        made = json.loads(document.decode("utf-8"), parse_constant=no_constant)
        assert isinstance(made["message"], str)
        assert made["data_stream"]["dataset"] in ("watchpost.app", "watchpost.platform", "watchpost.line")
    json.dumps(shipped.entries, allow_nan=False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    identifier=TEXT,
    names=st.fixed_dictionaries(
        {
            "logGroup": TEXT.filter(bool),
            "logStream": TEXT,
            "owner": TEXT,
            "subscriptionFilters": st.lists(TEXT | st.integers()),
        }
    ),
)
def test_any_names_of_a_payload_become_valid_documents(
    shipper: Shipper, identifier: str, names: dict[str, Any]
) -> None:
    """Property: names are data in every output, and ids stay within Elasticsearch's 512 bytes."""
    shipped = shipper.ship((identifier, 1_795_248_000_000, "x"), **names)

    assert len(shipped.documents) == 1
    assert len(shipped.actions[0]["_id"].encode()) <= 512
    assert all(entry["Dimensions"][0]["Value"].isascii() for entry in shipped.entries)
