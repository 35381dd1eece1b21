"""What the janitor decides: nothing that is referred to goes, the newest stay, and every kept version has a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janitor import plan
from janitor.model import Group, Inventory, Numbered, Reason

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WEEK = NOW - timedelta(days=7)
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"

_ages = st.none() | st.floats(0, 400).map(lambda days: NOW - timedelta(days=days))
_numbers = st.integers(1, 60)
_versions = st.dictionaries(_numbers, _ages, max_size=30).map(
    lambda found: [Numbered(number, since, 10) for number, since in found.items()]
)
_names = st.text("abc", min_size=1, max_size=3)
_version_texts = _numbers.map(str) | st.just("$LATEST")
_aliases = st.lists(
    st.fixed_dictionaries(
        {"Name": _names, "FunctionVersion": _version_texts},
        optional={
            "RoutingConfig": st.fixed_dictionaries(
                {"AdditionalVersionWeights": st.dictionaries(_numbers.map(str), st.floats(0, 1), max_size=1)}
            )
            | st.just({})
            | st.none()
        },
    ),
    max_size=5,
)
_provisioned = st.lists((_version_texts | _names).map(lambda one: {"FunctionArn": f"{ARN}:{one}"}), max_size=3)
_mapped = st.dictionaries(_numbers, st.just("uuid"), max_size=3)


@given(_versions, _aliases, _provisioned, _mapped, st.integers(1, 10))
def test_nothing_that_is_referred_to_goes_and_the_newest_and_the_young_stay(
    versions: list[Numbered], aliases: list[dict], provisioned: list[dict], mapped: dict[int, str], keep: int
) -> None:
    verdicts = plan.decide(versions, plan.references(aliases, provisioned, mapped), keep, WEEK)

    goes = {one.version.number for one in verdicts if one.kept is None}
    assert sorted(one.version.number for one in verdicts) == sorted(one.number for one in versions)
    assert not goes & set(sorted((one.number for one in versions), reverse=True)[:keep])
    assert not goes & {int(one["FunctionVersion"]) for one in aliases if one["FunctionVersion"] != "$LATEST"}
    for alias in aliases:
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        assert not goes & set(map(int, weights))
    qualifiers = {one["FunctionArn"].rsplit(":", 1)[1] for one in provisioned}
    assert not {str(number) for number in goes} & qualifiers
    assert not goes & set(mapped)
    since = {one.number: one.since for one in versions}
    assert all(since[number] is not None and since[number] < WEEK for number in goes)  # type: ignore[operator]
    assert all(one.kept is None or (one.kept.kind and one.kept.text) for one in verdicts)


@given(_versions, st.integers(1, 10))
def test_what_nothing_keeps_goes(versions: list[Numbered], keep: int) -> None:
    verdicts = plan.decide(versions, {}, keep, WEEK)

    old = {one.number for one in versions if one.since and one.since < WEEK}
    newest = set(sorted((one.number for one in versions), reverse=True)[:keep])
    assert {one.version.number for one in verdicts if one.kept is None} == old - newest


def test_the_newest_are_those_of_the_highest_numbers_and_not_of_the_last_letters() -> None:
    versions = [Numbered(number, NOW - timedelta(days=30)) for number in (9, 10, 11, 100)]

    verdicts = plan.decide(versions, {}, 2, WEEK)

    assert [one.version.number for one in verdicts if one.kept is None] == [9, 10]


def test_what_is_exactly_as_old_as_the_limit_stays() -> None:
    versions = [Numbered(1, WEEK), Numbered(2, WEEK - timedelta(microseconds=1)), Numbered(3, NOW)]

    verdicts = plan.decide(versions, {}, 1, WEEK)

    assert [one.kept.kind if one.kept else None for one in verdicts] == ["young", None, "newest"]


def test_a_route_with_weight_nought_counts_too() -> None:
    aliases = [{"Name": "a", "FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.0}}}]

    assert plan.references(aliases, [], {})[1] == Reason("weighted route", "weighted route of alias a")


@pytest.mark.parametrize("text", ["", "$LATEST", "live", "1a", "-1", "\uff11", "\u00b2", " 1", "1.0"])
def test_only_digits_are_the_number_of_a_version(text: str) -> None:
    assert plan.number_of(text) is None


@pytest.mark.parametrize(
    ("arn", "qualifier"), [(ARN, ""), (f"{ARN}:7", "7"), (f"{ARN}:live", "live"), ("", ""), ("orders:7", "")]
)
def test_the_qualifier_is_what_stands_behind_the_functions_name(arn: str, qualifier: str) -> None:
    assert plan.qualifier_of(arn) == qualifier


@pytest.mark.parametrize(
    ("name", "replica"),
    [
        ("us-east-1.edge", True),
        ("us-gov-west-1.edge", True),
        ("us-east-1", False),
        ("edge", False),
        ("us-east-1.", False),
        ("my-app-1", False),
    ],
)
def test_replicas_are_known_by_their_region(name: str, replica: bool) -> None:
    assert plan.is_replica(name) is replica


_groups = st.sampled_from(["/aws/lambda/", "/aws/lambda", "/ecs/", ""]).flatmap(
    lambda prefix: st.text("ab-_./1", max_size=12).map(lambda name: prefix + name)
)


@given(_groups, st.sets(st.text("ab-_1", min_size=1, max_size=4)), st.sets(_groups), st.sets(_groups), _ages)
def test_a_log_group_goes_only_when_it_is_an_old_one_of_a_function_that_is_not_there(
    name: str, functions: set[str], used: set[str], own: set[str], last: datetime | None
) -> None:
    inventory = Inventory(functions=dict.fromkeys(functions), log_groups=used)  # type: ignore[arg-type]

    kept = plan.group_kept(Group(name, NOW - timedelta(days=400)), inventory, own, WEEK, last)

    if kept is None:
        assert name.startswith("/aws/lambda/")
        assert name.removeprefix("/aws/lambda/") not in functions
        assert name not in used | own
        assert last is None or last < WEEK
    else:
        assert kept.kind
        assert kept.text


def test_a_young_log_group_says_whether_it_was_created_or_written_to() -> None:
    old, young = NOW - timedelta(days=100), NOW - timedelta(days=1)

    texts = [
        plan.group_kept(Group("/aws/lambda/a", created), Inventory(), (), WEEK, last)
        for created, last in ((old, young), (young, None), (young, old))
    ]

    assert [one.text if one else "" for one in texts] == [
        "written to on 2026-11-20",
        "created on 2026-11-20",
        "created on 2026-11-20",
    ]
