"""The part of the configuration document about log groups, whatever is written there."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from watchpost.configuration import (
    RETENTION_DAYS,
    Destination,
    GroupMatch,
    Retention,
    SubscriptionRule,
    parse,
)
from watchpost.errors import ConfigurationError

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:audit"
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/audit"
LOGS = "arn:aws:logs:eu-west-1:123456789012:destination:central"
ROLE = "arn:aws:iam::123456789012:role/service/writer"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=4,
)


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda chance: good if chance else JSON)


TEXTS = st.text(min_size=1, max_size=8) | st.sampled_from(["/x", "/aws/*"])
REGEXES = st.sampled_from(["(?P<s>x)", "^/[^/]+/(?P<s>.*)$", "(a+)+"])
DESTINATIONS = st.sampled_from([{"arn": FUNCTION}, {"arn": STREAM, "role": ROLE}, {"arn": STREAM}])
MATCHES = st.fixed_dictionaries(
    {"prefix": TEXTS | st.lists(TEXTS, max_size=2), "regex": mostly(REGEXES)},
    optional={
        "glob": mostly(TEXTS),
        "tags": mostly(st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2), max_size=2)),
        "log_class": st.sampled_from(["STANDARD", "DELIVERY"]),
    },
)
SERVICES = st.dictionaries(st.sampled_from(["name", "tag", "capture"]), st.just("s"), min_size=1, max_size=2)
ANY_RULE = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b", "c", "d"]), "match": mostly(MATCHES)},
    optional={
        "exclude": st.booleans(),
        "service": mostly(SERVICES | TEXTS),
        "filter_pattern": TEXTS,
        "destination": DESTINATIONS,
        "retention": mostly(st.fixed_dictionaries({"days": st.sampled_from(RETENTION_DAYS)})),
    },
)


@given(st.lists(mostly(ANY_RULE), max_size=3), mostly(st.sampled_from(["include", "exclude"])))
def test_every_section_is_either_subscriptions_or_a_clear_refusal(rules: list[Any], default: Any) -> None:
    try:
        found = parse(json.dumps({"subscriptions": {"rules": rules, "default": default}})).subscriptions
    except ConfigurationError:
        return
    assert found.default in ("include", "exclude")
    assert len({rule.name for rule in found.rules}) == len(found.rules) == len(rules)
    for one in found.rules:
        assert one.match != GroupMatch()
        assert sum(source is not None for source in (one.service, one.service_tag, one.service_capture)) <= 1
        assert not one.exclude or (one.service, one.filter_pattern, one.destination) == (None, "", None)
        for regex in one.match.regex:
            re.compile(regex)


NAMES = st.text(min_size=1, max_size=20)
READ_BACK = st.builds(
    SubscriptionRule,
    name=st.just("r"),
    match=st.builds(
        GroupMatch,
        prefix=st.lists(NAMES, min_size=1, max_size=2).map(tuple),
        glob=st.lists(NAMES, max_size=2).map(tuple),
        tags=st.dictionaries(NAMES, st.lists(st.text(max_size=9), max_size=2).map(tuple), max_size=2),
    ),
    service=st.none() | NAMES.filter(str.strip),
    filter_pattern=st.text(max_size=30),
    destination=st.none() | st.sampled_from([Destination(FUNCTION), Destination(STREAM, ROLE), Destination(LOGS)]),
    retention=st.none() | st.builds(Retention, st.sampled_from(RETENTION_DAYS), st.booleans()),
)


@given(READ_BACK)
def test_what_is_written_is_read_back(one: SubscriptionRule) -> None:
    fields: dict[str, Any] = {"service": one.service, "filter_pattern": one.filter_pattern}
    if one.destination:
        fields["destination"] = {"arn": one.destination.arn, "role": one.destination.role}
    if one.retention:
        fields["retention"] = {"days": one.retention.days, "overrule": one.retention.overrule}
    match = {"prefix": one.match.prefix, "glob": one.match.glob, "tags": one.match.tags}
    written: dict[str, Any] = {name: value for name, value in fields.items() if value is not None} | {
        "name": "r",
        "match": {name: value for name, value in match.items() if value},
    }
    if one.destination and one.destination.role is None:
        del written["destination"]["role"]

    assert parse(json.dumps({"subscriptions": {"rules": [written]}})).subscriptions.rules == (one,)
