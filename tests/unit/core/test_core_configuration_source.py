"""How long a configuration document stays in force: a good one outlives a bad one, in a new process too."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from watchpost.configuration import KEEP_SECONDS, Document, Source
from watchpost.configuration.source import MOST_EARLIER
from watchpost.errors import ConfigurationError

BAD = '{"service_tags": "b"}'


def good(tag: str) -> str:
    return f'{{"service_tags": ["{tag}"]}}'


class _Parameter:
    """A parameter with its versions, and the clock of whoever reads it. A version that is None cannot be read."""

    def __init__(self, *versions: str | None) -> None:
        self.versions = list(versions)  # from version 1 on
        self.gone: set[int] = set()
        self.reads: list[int] = []
        self.now = 0.0
        self.source = self.process()

    def process(self) -> Source:
        """A source that has read nothing yet."""
        return Source(self.newest, lambda: self.now, self.earlier)

    def newest(self) -> Document:
        return Document(self._read(len(self.versions)), len(self.versions))

    def earlier(self, version: int) -> str | None:
        return None if version in self.gone else self._read(version)

    def _read(self, version: int) -> str:
        self.reads.append(version)
        text = self.versions[version - 1]
        if text is None:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slower"}}, "GetParameter")
        return text

    def tags(self) -> tuple[str, ...]:
        return self.source.get().service_tags

    def later(self, *versions: str | None) -> None:
        """The document is stored anew, and it is time to read it anew."""
        self.versions += versions
        self.now += KEEP_SECONDS


def test_the_document_is_kept_for_five_minutes_and_then_read_anew() -> None:
    parameter = _Parameter(good("a"))

    assert parameter.tags() == ("a",)
    parameter.versions.append(good("b"))
    parameter.now = KEEP_SECONDS - 0.001
    assert parameter.tags() == ("a",)
    assert parameter.reads == [1]
    parameter.now = KEEP_SECONDS
    assert parameter.tags() == ("b",)
    assert parameter.reads == [1, 2]
    assert parameter.source.problem is None


def test_the_last_good_document_outlives_a_bad_one_and_the_warning_says_why(caplog: pytest.LogCaptureFixture) -> None:
    # given a good document that was followed by a bad one
    parameter = _Parameter(good("a"))
    parameter.tags()
    parameter.later(BAD)

    # then the good one stays in force, for another five minutes, and is not read again
    assert parameter.tags() == ("a",)
    assert "configuration.service_tags" in caplog.text
    assert "version 2 is wrong, version 1 stays in force" in (parameter.source.problem or "")
    assert parameter.tags() == ("a",)
    assert parameter.reads == [1, 2]

    # when it is put right, the new one counts
    parameter.later(good("c"))
    assert parameter.tags() == ("c",)
    assert parameter.source.problem is None


def test_a_new_process_takes_the_newest_earlier_version_that_is_good(caplog: pytest.LogCaptureFixture) -> None:
    parameter = _Parameter(good("a"), good("b"), "{", BAD)

    assert parameter.tags() == ("b",)

    assert parameter.reads == [4, 3, 2]
    [record] = caplog.records
    expected = 'version 4 is wrong, version 2 stays in force: configuration.service_tags: found "b", expected a list'
    assert record.levelname == "WARNING"
    assert record.getMessage().endswith(expected)
    assert parameter.source.problem == expected


def test_a_process_that_missed_a_good_version_comes_to_the_same_document_as_a_new_one() -> None:
    # given a process that read version 1, and meanwhile a good version and a bad one
    parameter = _Parameter(good("a"))
    parameter.tags()
    parameter.later(good("b"), BAD)

    assert parameter.tags() == ("b",)
    assert parameter.process().get().service_tags == ("b",)


def test_without_any_good_version_the_mistake_of_the_newest_is_raised_and_all_is_read_anew_at_once() -> None:
    parameter = _Parameter("{", BAD)

    with pytest.raises(ConfigurationError) as caught:
        parameter.tags()
    assert caught.value.path == "configuration.service_tags"
    assert parameter.source.problem is None  # nothing is in force
    parameter.versions.append(good("a"))
    assert parameter.tags() == ("a",)


def test_the_twentieth_version_before_the_newest_is_the_last_that_is_looked_at() -> None:
    reached = _Parameter(good("a"), *[BAD] * MOST_EARLIER)
    beyond = _Parameter(good("a"), *[BAD] * (MOST_EARLIER + 1))

    assert reached.tags() == ("a",)
    with pytest.raises(ConfigurationError):
        beyond.tags()
    assert beyond.reads == list(range(MOST_EARLIER + 2, 1, -1))


def test_a_version_that_is_gone_ends_the_search() -> None:
    parameter = _Parameter(good("a"), BAD, BAD)
    parameter.gone = {2}

    with pytest.raises(ConfigurationError):
        parameter.tags()
    assert parameter.reads == [3]


def test_the_first_version_has_none_before_it() -> None:
    parameter = _Parameter(BAD)

    with pytest.raises(ConfigurationError):
        parameter.tags()
    assert parameter.reads == [1]


def test_a_newest_document_that_cannot_be_read_is_an_error_at_first_and_then_leaves_the_last_good_one_in_force(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(ClientError):
        _Parameter(good("a"), None).tags()

    parameter = _Parameter(good("a"))
    parameter.tags()
    parameter.later(None)
    assert parameter.tags() == ("a",)
    assert "ThrottlingException" in caplog.text


def test_an_earlier_document_that_cannot_be_read_is_an_error_at_first_since_it_may_be_readable_later() -> None:
    with pytest.raises(ClientError):
        _Parameter(good("a"), None, BAD).tags()

    parameter = _Parameter(good("a"))
    parameter.tags()
    parameter.later(None, BAD)
    assert parameter.tags() == ("a",)
    assert "version 3 is wrong, version 1 stays in force" in (parameter.source.problem or "")


def test_while_a_newer_document_cannot_be_read_the_known_problem_stays() -> None:
    parameter = _Parameter(good("a"), BAD)
    parameter.tags()
    known = parameter.source.problem
    parameter.later(None)

    assert parameter.tags() == ("a",)
    assert known is not None
    assert parameter.source.problem == known


def test_a_document_whose_versions_are_not_counted_is_kept_and_outlives_a_bad_one_all_the_same() -> None:
    texts, now = [BAD, good("a"), BAD], [0.0]
    source = Source(lambda: Document(texts.pop(0)), lambda: now[0])

    with pytest.raises(ConfigurationError):
        source.get()
    assert source.get().service_tags == ("a",)
    now[0] = KEEP_SECONDS
    assert source.get().service_tags == ("a",)
    assert source.problem is not None


def test_a_problem_is_one_line_whatever_the_document_has() -> None:
    parameter = _Parameter(good("a"), '{"a\\nb\\u001b[31m": 1}')
    parameter.tags()

    assert parameter.source.problem is not None
    assert parameter.source.problem.isprintable()
    assert "a b [31m" in parameter.source.problem
