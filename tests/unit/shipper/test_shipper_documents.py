"""The fields that documents of every kind have, and their identity."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from shipper import strict
from shipper.decode import payload_of
from shipper.document import Source
from shipper.line import Line
from watchpost.configuration import Configuration, Logs, ServiceRule

if TYPE_CHECKING:
    from conftest import Shipper

NOW = 1_795_248_000_000
RULES = Configuration(services=(ServiceRule("/aws/lambda/orders-*", "ruled", "prod"),))


def test_a_document_says_where_and_when_its_line_was_written(shipper: Shipper) -> None:
    shipped = shipper.ship(("7", NOW - 1, "hello\n"))

    assert shipped.documents == [
        {
            "@timestamp": "2026-11-21T07:59:59.999Z",
            "message": "hello",
            "data_stream": {"type": "logs", "dataset": "watchpost.app", "namespace": "dev"},
            "event": {"dataset": "watchpost.app", "ingested": "2026-11-21T08:00:00.000Z"},
            "service": {"name": "orders-api", "environment": "dev"},
            "cloud": {
                "provider": "aws",
                "region": "eu-west-1",
                "account": {"id": "123456789012"},
                "service": {"name": "lambda"},
            },
            "aws": {
                "cloudwatch": {"log_group": "/aws/lambda/orders-api", "log_stream": "2026/11/21/[$LATEST]0a1b2c3d"}
            },
            "faas": {
                "name": "orders-api",
                "version": "$LATEST",
                "id": "arn:aws:lambda:eu-west-1:123456789012:function:orders-api",
            },
        }
    ]
    assert shipped.actions[0]["_index"] == "logs-watchpost.app-dev"


@pytest.mark.parametrize(
    ("line", "configuration", "filters", "expected"),
    [
        ('{"service": "lined", "msg": "x"}', RULES, ["watchpost.service=filtered"], "lined"),
        ("x", RULES, ["watchpost.service=filtered"], "ruled"),
        ("x", Configuration(), ["other", "watchpost.service=filtered"], "filtered"),
        ('{"service": "service_undefined", "msg": "x"}', Configuration(), ["other"], "orders-api"),
        ('{"service": "", "msg": "x"}', Configuration(), [], "orders-api"),
    ],
)
def test_the_service_is_named_by_line_then_rule_then_filter_then_function(
    shipper: Shipper, line: str, configuration: Configuration, filters: list[str], expected: str
) -> None:
    document = shipper.document(line, configuration=configuration, subscriptionFilters=filters)

    assert document["service"]["name"] == expected
    assert document["service"]["environment"] == ("prod" if configuration is RULES else "dev")


@pytest.mark.parametrize(
    ("group", "stream", "name", "version"),
    [
        ("/aws/lambda/orders", "2026/11/21/[12]ab", "orders", "12"),
        ("/aws/lambda/orders", "custom", "orders", None),
        ("shared", "2026/11/21/orders[$LATEST]ab", "orders", "$LATEST"),
        ("/aws/apigateway/x", "ab", None, None),
    ],
)
def test_the_function_is_told_by_group_and_stream(
    shipper: Shipper, group: str, stream: str, name: str | None, version: str | None
) -> None:
    document = shipper.document("x", logGroup=group, logStream=stream)

    faas = document.get("faas", {})
    assert (faas.get("name"), faas.get("version")) == (name, version)
    assert document["cloud"].get("service") == ({"name": "lambda"} if name else None)
    assert document["service"]["name"] == (name or group)


@pytest.mark.parametrize(("platform", "actions"), [("all", 4), ("report", 2), ("none", 1)])
def test_the_configuration_says_which_platform_lines_are_kept(shipper: Shipper, platform: str, actions: int) -> None:
    lines = ("START RequestId: a Version: 1", "mine", "END RequestId: a", "REPORT RequestId: a\tDuration: 1 ms")

    shipped = shipper.ship(*lines, configuration=Configuration(logs=Logs(platform=platform)))

    assert len(shipped.documents) == actions
    assert shipped.counts.lines_filtered == 4 - actions


def test_the_same_event_always_gets_the_same_id_and_others_get_others(shipper: Shipper) -> None:
    ids = {
        name: shipper.ship(("77", NOW, "x"), **overrides).actions[0]["_id"]
        for name, overrides in {
            "first": {},
            "again": {},
            "other group": {"logGroup": "/aws/lambda/mail"},
            "other stream": {"logStream": "2026/11/21/[$LATEST]ff"},
        }.items()
    }

    assert ids["first"] == ids["again"]
    assert len(set(ids.values())) == 3
    assert all(len(identity) <= 512 for identity in ids.values())


def test_the_same_names_in_another_account_or_region_are_other_documents(shipper: Shipper) -> None:
    """Stacks of several accounts and regions write to one data stream, and events may have the same id."""
    first = shipper.ship("x")
    second = shipper.ship("x", owner="999988887777")
    payload = payload_of(shipper.event(["x"])["awslogs"]["data"])
    assert payload is not None
    source = Source(payload, replace(shipper.settings, aws_region="us-east-1"), Configuration(), NOW)
    third = b"".join(source.encoded([(Line.of("x"), b"0", NOW, "x")])[0])

    identities = [one.actions[0]["_id"].partition("-")[0] for one in (first, second)]
    identities.append(json.loads(third.split(b"\n")[0])["create"]["_id"].partition("-")[0])
    assert len(set(identities)) == 3
    assert second.documents[0]["cloud"]["account"] == {"id": "999988887777"}
    assert second.documents[0]["faas"]["id"] == "arn:aws:lambda:eu-west-1:999988887777:function:orders-api"
    assert json.loads(third.split(b"\n")[1])["cloud"]["region"] == "us-east-1"


@pytest.mark.parametrize("partition", ["aws-us-gov", "aws-cn", "aws-eusc"])
def test_a_function_is_named_by_the_arn_of_its_partition(shipper: Shipper, partition: str) -> None:
    settings = replace(
        shipper.settings, shipper_arn=shipper.settings.shipper_arn.replace("arn:aws:", f"arn:{partition}:")
    )
    payload = payload_of(shipper.event(["x"])["awslogs"]["data"])
    assert payload is not None
    item = b"".join(Source(payload, settings, Configuration(), NOW).encoded([(Line.of("x"), b"0", NOW, "x")])[0])

    document = json.loads(item.split(b"\n")[1])
    assert document["faas"]["id"] == f"arn:{partition}:lambda:eu-west-1:123456789012:function:orders-api"


def test_two_lines_with_one_event_id_are_two_documents_and_a_repeated_event_is_one(shipper: Shipper) -> None:
    first, repeated, different = shipper.ship(("77", NOW, "x"), ("77", NOW, "x"), ("77", NOW, "y")).actions

    assert first["_id"] == repeated["_id"]
    assert first["_id"] != different["_id"]


def test_lines_of_the_stacks_own_functions_are_refused_and_counted(shipper: Shipper) -> None:
    shipped = shipper.ship("x", "y", logGroup="/aws/lambda/watchpost-shipper")

    assert shipped.documents == []
    assert shipped.entries == []
    assert (shipped.counts.payloads_refused, shipped.counts.lines_filtered) == (1, 2)


def test_excluded_log_groups_are_filtered_and_counted(shipper: Shipper) -> None:
    shipped = shipper.ship("x", configuration=Configuration(logs=Logs(exclude=("/aws/lambda/orders-*",))))

    assert shipped.documents == []
    assert shipped.counts.lines_filtered == 1


@pytest.mark.parametrize(
    ("line", "app"),
    [
        ('{"msg": "x", "n": NaN, "i": [-Infinity]}', {"n": "NaN", "i": ["-Infinity"]}),
        ('{"msg": "x", "n": 1e999}', {"n": "1e999"}),
        (
            '{"msg": "x", "n": {"deep": [123456789012345678901234567890]}}',
            {"n": {"deep": ["123456789012345678901234567890"]}},
        ),
        ('{"msg": "x", "n": 18446744073709551615, "m": -9223372036854775808}', {"n": 2**64 - 1, "m": -(2**63)}),
        ('{"msg": "x", "n": 18446744073709551616}', {"n": str(2**64)}),
        ('{"msg": "x", "s": "a\\ud800b"}', {"s": "a\ufffdb"}),
        ('{"msg": "x", "": {"a.b": 1, ".": 2}}', {"": {"a.b": 1, ".": 2}}),
        ('{"msg": "x", "s": "a\\u0000b"}', {"s": "a\0b"}),
    ],
    ids=["nan", "infinite", "digits", "64-bit", "beyond", "surrogate", "keys", "nul"],
)
def test_hostile_values_are_kept_as_strict_json(shipper: Shipper, line: str, app: dict[str, Any]) -> None:
    document = shipper.document(line)

    assert document["message"] == "x"
    assert document["app"] == app


def test_a_nul_in_a_key_is_replaced_and_tagged(shipper: Shipper) -> None:
    document = shipper.document('{"msg": "x", "a\\u0000b": 1, "a\ufffdb": 2}')

    assert sorted(document["app"].values()) == [1, 2]
    assert "a\ufffdb" in document["app"]
    assert document["tags"] == ["truncated"]


def test_keys_are_cut_at_their_limit_without_losing_a_value(shipper: Shipper) -> None:
    at_limit, beyond = "k" * strict.MAX_KEY, "l" * (strict.MAX_KEY + 1)
    padding = "p" * 9_000

    kept = shipper.document(json.dumps({"msg": "x", at_limit: 1, "padding": padding}))
    cut = shipper.document(json.dumps({"msg": "x", beyond: 1, beyond + "2": 2, "padding": padding}))

    assert kept["app"] == {at_limit: 1, "padding": padding}
    assert "tags" not in kept
    assert sorted(value for value in cut["app"].values() if value != padding) == [1, 2]
    assert max(map(len, cut["app"])) <= strict.MAX_KEY
    assert cut["tags"] == ["truncated"]


@pytest.mark.parametrize("levels", [strict.MAX_DEPTH, strict.MAX_DEPTH + 1, 300, 900, 1_000])
def test_what_is_nested_too_deeply_becomes_text(shipper: Shipper, levels: int) -> None:
    line = '{"a":' * levels + "1" + "}" * levels

    document = shipper.document(line)

    depth, inner = 0, document["app"]
    while isinstance(inner, dict):
        depth, inner = depth + 1, next(iter(inner.values()))
    assert depth <= strict.MAX_DEPTH
    assert document.get("tags", []) == ([] if levels <= strict.MAX_DEPTH else ["truncated"])
    assert levels <= strict.MAX_DEPTH or isinstance(inner, str)


def test_a_line_that_is_nested_beyond_reading_is_text(shipper: Shipper) -> None:
    line = '{"a":' * 50_000 + "1" + "}" * 50_000

    document = shipper.document(line)

    assert document["message"] == line
    assert document["tags"] == ["json-invalid"]


@pytest.mark.parametrize("line", ["x" * 262_144, json.dumps({"msg": "m", "blob": "x" * 262_144})])
def test_a_line_of_256_kb_is_kept_whole(shipper: Shipper, line: str) -> None:
    document = shipper.document(line)

    assert "x" * 262_144 in json.dumps(document)


@pytest.mark.parametrize("indent", [" ", "\t", "  \t  "])
def test_a_json_line_may_be_indented(shipper: Shipper, indent: str) -> None:
    document = shipper.document(indent + '{"level": "ERROR", "message": "card refused"}')

    assert (document["message"], document["log"]["level"]) == ("card refused", "error")
    assert "tags" not in document


@pytest.mark.parametrize("line", ["  at shop.charge(charge.js:7)", "\tindented", " ", "  [1, 2]"])
def test_an_indented_text_stays_as_it_is(shipper: Shipper, line: str) -> None:
    document = shipper.document(line)

    assert document["message"] == line
    assert "tags" not in document
