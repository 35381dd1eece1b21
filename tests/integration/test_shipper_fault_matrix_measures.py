"""The measures of the fault matrix themselves: a fake that took everything would prove nothing."""

from __future__ import annotations

import json
import struct
import time
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from tests.integration.faults import cbor, signature
from tests.integration.faults.cloudwatch import CBOR_PATH, TARGET, CloudWatch
from tests.integration.faults.load import Load
from tests.integration.faults.verdict import EXACT, Bound, Found, differences

NOW = time.time()  # some minutes ago when the tests run
JSON_HEADERS = {"content-type": "application/x-amz-json-1.0", "x-amz-target": TARGET}
KEY = ("Watchpost", "n", (("Service", "s"),))


def entry(**changes: Any) -> dict[str, Any]:
    """An entry that CloudWatch takes, and what is changed in it."""
    plain = {"MetricName": "n", "Dimensions": [{"Name": "Service", "Value": "s"}], "Timestamp": NOW, "Unit": "Count"}
    return {**plain, "Values": [1.5, 2.0], "Counts": [2, 1], **changes}


def put(entries: list[dict[str, Any]], namespace: str = "Watchpost") -> tuple[int, CloudWatch]:
    """Status, and what was taken."""
    cloudwatch = CloudWatch()
    body = json.dumps({"Namespace": namespace, "MetricData": entries}).encode()
    return cloudwatch.put(JSON_HEADERS, "/", body)[0], cloudwatch


def dimensions(number: int) -> list[dict[str, str]]:
    return [{"Name": f"d{index}", "Value": "v"} for index in range(number)]


@pytest.mark.parametrize(
    "entries",
    [
        [entry()] * 1_000,
        [entry(Values=[1] * 150, Counts=[1] * 150)],
        [entry(Dimensions=dimensions(30))],
        [entry(Timestamp=NOW - 14 * 86_400 + 1_800)],
        [entry(Timestamp=NOW + 2 * 3_600 - 60)],
        [entry(Values=[2.0**360], Counts=[1])],
    ],
)
def test_the_fake_cloudwatch_takes_what_is_at_a_limit(entries: list[dict[str, Any]]) -> None:
    status, cloudwatch = put(entries)

    assert (status, cloudwatch.invalid) == (200, [])
    assert cloudwatch.samples.total() == sum(int(sum(one["Counts"])) for one in entries)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [entry()] * 1_001,
        [entry(Values=[1] * 151, Counts=[1] * 151)],
        [entry(Values=[1, 2], Counts=[1])],
        [entry(Counts=[0, 1])],
        [entry(Dimensions=dimensions(31))],
        [entry(Dimensions=[{"Name": "Service", "Value": ""}])],
        [entry(Dimensions=[{"Name": "Service", "Value": "ü"}])],
        [entry(Dimensions=[{"Name": ":a", "Value": "v"}])],
        [entry(Unit="Apples")],
        [entry(MetricName="")],
        [entry(Timestamp=NOW - 14 * 86_400 - 60)],
        [entry(Timestamp=NOW + 2 * 3_600 + 1_800)],
        [entry(Values=[2.0**361], Counts=[1])],
        [entry(Values=[float("nan")], Counts=[1])],
        [entry(Other=1)],
        [entry(MetricName="n" * 255, Dimensions=[{"Name": "d", "Value": "v" * 1_024}])] * 900,  # more than 1 MB
    ],
)
def test_the_fake_cloudwatch_refuses_what_is_beyond_a_limit(entries: list[dict[str, Any]]) -> None:
    status, cloudwatch = put(entries)

    assert status in (400, 413)
    assert len(cloudwatch.invalid) == 1
    assert not cloudwatch.sums


def test_the_fake_cloudwatch_refuses_the_namespaces_of_aws() -> None:
    assert put([entry()], "AWS/Lambda")[0] == 400


def test_sums_are_exact_in_both_protocols() -> None:
    """One value in CBOR, as the other protocol of the service has it, and two in JSON, add up."""
    # given {"Namespace": …, "MetricData": [{"MetricName", "Timestamp" (tag 1), "Dimensions", "Values", "Counts"}]}
    _, cloudwatch = put([entry()])

    def text(word: str) -> bytes:
        return bytes([0x60 + len(word)]) + word.encode() if len(word) < 24 else b"\x78%c" % len(word) + word.encode()

    dimension = b"\x81\xa2" + text("Name") + text("Service") + text("Value") + text("s")
    datum = b"\xa5" + text("MetricName") + text("n") + text("Timestamp") + b"\xc1\xfb" + struct.pack("!d", NOW)
    datum += text("Dimensions") + dimension + text("Values") + b"\x81\xfb" + struct.pack("!d", 0.25)
    datum += text("Counts") + b"\x81\x18\x64"
    body = b"\xa2" + text("Namespace") + text("Watchpost") + text("MetricData") + b"\x81" + datum

    # when
    status, headers, _ = cloudwatch.put({"smithy-protocol": "rpc-v2-cbor"}, CBOR_PATH, body)

    # then
    assert (status, headers["content-type"]) == (200, "application/cbor")
    assert cloudwatch.sums == {KEY: Fraction(5 + 25)}
    assert cloudwatch.samples == {KEY: 103}
    assert cbor.loads(cbor.dumps({"__type": "a", "message": "b"})) == {"__type": "a", "message": "b"}


def test_an_unsigned_request_is_noticed() -> None:
    assert signature.fault_of("POST", "/", {}, b"") == "no signature"


def found(load: Load, **changes: Any) -> Found:
    """Everything as expected, and what is changed."""
    values = {name: value for name, value in load.sums.items() if name in load.samples}
    right = {"messages": load.messages.copy(), "stored": values, "sums": dict(load.sums), "samples": load.samples}
    return Found(**{**right, **changes})


def test_a_missing_and_a_doubled_document_and_value_are_each_told() -> None:
    load = Load("orders")
    load.event()
    first = next(iter(load.messages))
    more = {**load.sums, "basket": load.sums["basket"] + Fraction(1, 4)}

    assert differences(load, found(load), EXACT) == []
    assert differences(load, found(load, messages=load.messages - Counter([first])), EXACT) != []
    assert differences(load, found(load, messages=load.messages + load.messages), EXACT) != []
    assert differences(load, found(load, sums=more), EXACT) != []
    assert differences(load, found(load, sums=more), Bound(doubled={"basket": Fraction(1, 4)})) == []
    assert differences(load, found(load, sums=more), Bound(lost={"basket": Fraction(1, 4)})) != []
    assert differences(load, found(load, sums={**load.sums, "unknown": Fraction(1)}), EXACT) != []
