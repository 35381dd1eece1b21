"""What a receiver answers is told on without anything that gives access to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier.channels import answers, requests_for
from notifier.channels.call import Call
from notifier.receivers import Receiver

from tests.integration.receivers import stories

if TYPE_CHECKING:
    from collections.abc import Callable

SLACK = "https://hooks.slack.com/services/T000/B000/SECRETTOKEN"
SIGNATURE = "Ab%2Fsecond-half%2fCd%2bEf%3D"
TEAMS = f"https://x.api.powerplatform.com/workflows/0a1b2c3d/triggers/manual?api-version=1&sig={SIGNATURE}"
SECRETS = ("SECRETTOKEN", "second-half", "0a1b2c3d")


def _told(said: str, *hidden: str) -> str:
    return answers.by_status(404, said, hidden=hidden).reason


@pytest.mark.parametrize(
    "said",
    [
        SLACK,
        "Cannot POST /services/T000/B000/SECRETTOKEN",
        "no service T000/B000/SECRETTOKEN here",
        "unknown token SECRETTOKEN",
        "unknown token secrettoken",
        '{"path": "\\/services\\/T000\\/B000\\/SECRETTOKEN"}',
        "at %2Fservices%2fT000%2FB000%2FSECRETTOKEN",
        "at %252Fservices%252FT000%252FB000%252FSECRET%54OKEN",
        "a token SECRET\u200bTOKEN that something parts",
    ],
)
def test_no_part_of_a_slack_address_that_gives_access_is_told(said: str) -> None:
    told = _told(f"it says: {said}", SLACK)

    assert told.startswith("HTTP 404: it says: ")
    assert [secret for secret in SECRETS if secret.lower() in unquote(unquote(told)).lower()] == []


@pytest.mark.parametrize(
    "signature",
    [
        SIGNATURE,
        SIGNATURE.lower(),
        unquote(SIGNATURE),
        unquote(SIGNATURE).replace("+", " "),
        quote(SIGNATURE),
        quote_plus(unquote(SIGNATURE)).replace("%2F", "%2f"),
        "second-half",
    ],
)
@pytest.mark.parametrize("form", ["{}", "sig={}", "?api-version=1&sig={}", "?api-version=1&amp;sig={} is wrong"])
def test_no_part_of_a_teams_address_that_gives_access_is_told(signature: str, form: str) -> None:
    told = _told("refused: " + form.format(signature), TEAMS)

    assert told.startswith("HTTP 404: refused: ")
    assert "second-half" not in unquote(unquote(told))


@pytest.mark.parametrize("segment", ["1234567", "12345678"])
def test_short_parts_of_an_address_stand_in_other_words_and_are_not_hidden(segment: str) -> None:
    told = _told(f"no route {segment} for text/x at host", f"https://e.example/{segment}/x?y=z")

    assert (segment in told) == (len(segment) < answers.LONG)
    assert told.endswith(" for text/x at host")


@pytest.mark.parametrize("path", ["/ab", "/abc"])
def test_a_whole_path_is_hidden_unless_it_is_too_short_to_give_access(path: str) -> None:
    assert (path in _told(f"no {path}", f"https://e.example{path}")) == (len(path) < answers.WHOLE)


def test_the_host_of_an_address_is_told_since_a_person_needs_it() -> None:
    assert _told("hooks.slack.com does not know it", SLACK) == "HTTP 404: hooks.slack.com does not know it"


def test_a_key_that_is_no_address_is_hidden_as_a_whole() -> None:
    assert _told("bad key xoxb-1/long-part-of-it, long-part", "xoxb-1/long-part-of-it") == (
        "HTTP 404: bad key …, long-part"
    )


def test_a_name_and_a_password_in_an_address_are_hidden() -> None:
    assert _told("user:pw of somebody", "https://user:pw@e.example/") == "HTTP 404: … of somebody"


@pytest.mark.parametrize(
    ("size", "shown"), [(answers.READ, "a b SECRET"), (answers.READ + 1, "a b…"), (answers.READ + 5, "a b…")]
)
def test_of_an_answer_that_is_cut_the_last_word_may_be_half_a_secret_and_is_left_out(size: int, shown: str) -> None:
    body = b"a b " + b" " * (answers.READ - 10) + b"SECRET" + b"TOKEN" * 2

    assert " ".join(answers.text_of(body[:size]).replace(" …", "…").split()).replace(" …", "…") == shown


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Z", "C")), min_size=8, max_size=30),
    st.sampled_from([str, quote, quote_plus, lambda text: quote(quote(text, safe=""))]),
)
def test_whatever_a_segment_is_it_is_told_in_none_of_its_forms(segment: str, form: Callable[[str], str]) -> None:
    url = f"https://e.example/{quote(segment, safe='')}"

    assert _told(f"[{form(segment)}]", url) == "HTTP 404: […]"


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_address_and_any_answer_have_an_outcome(address: str, said: str) -> None:
    assert not answers.by_status(500, said, hidden=[f"https://{address}", address]).taken


@pytest.mark.parametrize(("kind", "url"), [("slack", SLACK), ("teams", TEAMS)])
def test_a_channel_tells_no_part_of_its_address(kind: str, url: str) -> None:
    call = requests_for(Receiver("a", kind, url=url), stories.OPENED, {})
    assert isinstance(call, Call)
    target = url.split("/", 3)[3]

    for said in (f"Cannot POST /{target}", json.dumps({"error": {"message": unquote(target)}})):
        reason = call.response(404, said.encode()).reason
        assert "…" in reason
        assert [secret for secret in SECRETS if secret in reason] == []
