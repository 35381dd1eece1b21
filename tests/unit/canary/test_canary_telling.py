"""The messages about the pipeline fit into what SNS takes, whatever is in them."""

from __future__ import annotations

from canary import telling
from canary.findings import JOINTS, LONGEST, Finding, cut
from canary.memory import Record
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.shipper.conftest import SETTINGS

_findings = st.lists(
    st.builds(Finding, st.sampled_from(JOINTS), st.text(max_size=LONGEST), st.text(max_size=LONGEST), st.booleans()),
    unique_by=lambda one: one.joint,
)


@given(st.text(alphabet="abcXYZ-0", min_size=1, max_size=128), _findings)
def test_a_subject_is_one_line_of_ascii_with_less_than_a_hundred_characters(stack: str, found: list[Finding]) -> None:
    subject = telling.subject(stack, Record(tuple(found)))

    assert subject.isascii()
    assert subject.isprintable()
    assert 0 < len(subject) < 100


@given(_findings)
def test_a_message_names_every_joint_with_what_was_seen_and_what_to_do(found: list[Finding]) -> None:
    text = telling.text(SETTINGS, None, Record(tuple(found), since=1_795_248_000.0), ["a note"])

    assert len(text.encode()) < 262_144
    for one in found:
        assert f"{one.joint}" in text
        assert one.todo.encode("utf-8", "replace").decode() in text


@given(st.text())
def test_what_another_says_is_one_line_of_bounded_length(text: str) -> None:
    assert len(cut(text)) <= LONGEST
    assert "\n" not in cut(text)
