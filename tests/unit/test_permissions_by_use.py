"""The rule by which the acceptance tests call a permission superfluous."""

from __future__ import annotations

from typing import Any

from tests.acceptance.permissions import Grant, Need, superfluous

READ = Grant("Role", "Read", ("s3:GetObject",), ("arn:aws:s3:::b/one/*", "arn:aws:s3:::b/two/*"))


def _note(*by: tuple[str, list[str]], action: str = "s3:GetObject", allowed: bool = True) -> dict[str, Any]:
    return {"role": "Role", "action": action, "allowed": allowed, "by": [list(one) for one in by]}


def test_what_was_used_is_not_superfluous() -> None:
    noted = [_note(("Read", ["arn:aws:s3:::b/one/*"])), _note(("Read", ["arn:aws:s3:::b/two/*"]))]

    assert superfluous([READ], noted, []) == []


def test_an_action_and_a_resource_that_nothing_used_are_superfluous() -> None:
    more = Grant("Role", "Read", ("s3:GetObject", "s3:DeleteObject"), READ.resources)

    assert superfluous([more], [_note(("Read", ["arn:aws:s3:::b/one/*"]))], []) == [
        "Role Read: s3:DeleteObject",
        "Role Read: arn:aws:s3:::b/two/*",
    ]


def test_what_two_statements_allow_is_superfluous_in_both() -> None:
    one = Grant("Role", "One", ("s3:GetObject",), ("arn:aws:s3:::b/*",))
    two = Grant("Role", "Two", ("s3:GetObject",), ("arn:aws:s3:::b/one/*",))
    noted = [_note(("One", ["arn:aws:s3:::b/*"]), ("Two", ["arn:aws:s3:::b/one/*"]))]

    assert {line.rpartition(": ")[0] for line in superfluous([one, two], noted, [])} == {"Role One", "Role Two"}


def test_what_was_refused_after_all_is_no_use() -> None:
    noted = [_note(("Read", list(READ.resources)), allowed=False)]

    assert len(superfluous([READ], noted, [])) == 3


def test_a_need_of_aws_counts_for_the_statement_that_the_service_may_use() -> None:
    key = "arn:aws:kms:eu-north-1:000000000000:key/k"
    by_s3 = Grant("Role", "ByS3", ("kms:Decrypt",), (key,), ("s3.eu-north-1.amazonaws.com*",))
    by_sns = Grant("Role", "BySns", ("kms:Decrypt",), (key,), ("sns.eu-north-1.amazonaws.com*",))
    need = Need("Role", "kms:Decrypt", key, "s3.eu-north-1.amazonaws.com")

    assert superfluous([by_s3, by_sns], [], [need]) == ["Role BySns: kms:Decrypt", f"Role BySns: {key}"]
    assert len(superfluous([by_s3], [], [Need("Another", "kms:Decrypt", key, need.via)])) == 2
