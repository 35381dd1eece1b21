"""A story whose every text can be shown: whoever made it, nothing in it steers a terminal, a screen or a page."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from notifier import clean
from notifier.story import HEADLINE, KEY, RUNBOOK, Evidence, Link

if TYPE_CHECKING:
    from datetime import datetime

    from notifier.story import Child, Deployment, ErrorLine, Failing, Story

LINE, PROSE, NAME, LABEL = 1024, 3000, 255, 75  # characters kept
URL = 8192  # characters; what is longer opens in no browser for sure
LISTED = 50  # entries kept of a list

# Characters that are no letters and show nothing, or hide what is beside them: fillers, the blank of Braille, what is
# not to be exchanged at all (Unicode, noncharacters, which SNS refuses), and private use.
_UNSEEN = re.compile("[\u115f\u1160\u2800\u3164\uffa0\ufdd0-\ufdef\ufffe\uffff\ue000-\uf8ff]|[\U000e0000-\U0010ffff]")
_MARKS = 4  # marks above or below one letter; more of them run over the lines beside
# Characters that end a URL for some reader, or begin its markup.
_NOT_IN_URL = re.compile(r"[^!#-;=?-\[\]_a-z~]")


def text(value: object, limit: int) -> str:
    """Text of several lines, at most `limit` characters."""
    return _seen(clean.block(_begin(value, limit), limit)).strip()


def line(value: object, limit: int = LINE) -> str:
    """The same on one line."""
    return " ".join(_seen(clean.line(_begin(value, limit), limit)).split())


def _begin(value: object, limit: int) -> object:
    """So much of a text that what is shown of it is in it, and no more work is made of it."""
    return value[: 4 * limit] if isinstance(value, str) else value


def _seen(value: str) -> str:
    if value.isascii():
        return value
    kept: list[str] = []
    marks = 0
    for char in _UNSEEN.sub("", value):
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= _MARKS:
            kept.append(char)
    return "".join(kept)


def address(url: object, *, insecure: bool = False) -> str | None:
    """A URL that may be clicked: https, ASCII, and without characters that end it early. Never cut; None otherwise.

    insecure: http is allowed too, for links to what the stack was told of, such as a Kibana in one's own network.
    """
    if not isinstance(url, str) or len(url) > URL or _NOT_IN_URL.search(url):
        return None
    try:
        parts = urlsplit(url)
        good = parts.scheme == "https" or (insecure and parts.scheme == "http")
        return url if good and parts.hostname and parts.username is None else None
    except ValueError:
        return None


def story(source: Story) -> Story:
    """The same story with every text cleaned and cut, and only links that can be followed."""
    runbook = address(source.runbook)
    links = [
        Link(line(link.label, LABEL) or "Link", url)
        for link in source.links[:LISTED]
        if (url := address(link.url, insecure=True))
    ]
    if runbook and runbook not in [link.url for link in links]:
        links.append(Link(RUNBOOK, runbook))
    return replace(
        source,
        key=_key(source.key),
        headline=line(source.headline, HEADLINE) or "an alarm without a name",
        words=line(source.words),
        description=text(source.description, PROSE),
        reason=text(source.reason, PROSE),
        owner=line(source.owner, NAME) or None,
        runbook=runbook,
        children=tuple(_child(child) for child in source.children[:LISTED]),
        evidence=_evidence(source.evidence) if source.evidence else None,
        deployments=tuple(_deployment(item) for item in source.deployments[:LISTED]),
        graph=address(source.graph),
        links=tuple(links),
        items=tuple(shown for item in source.items[:LISTED] if (shown := line(item))),
    )


def _key(key: str) -> str:
    return "".join(char if "!" <= char <= "~" else "_" for char in key)[:KEY] or "-"


def _child(child: Child) -> Child:
    return replace(
        child,
        name=line(child.name, NAME),
        service=line(child.service, NAME),
        resource=line(child.resource, NAME),
        alarm=line(child.alarm, NAME),
        state=line(child.state, NAME),
        reason=line(child.reason),
    )


def _evidence(evidence: Evidence) -> Evidence:
    return replace(
        evidence,
        errors=tuple(_error(error) for error in evidence.errors[:LISTED]),
        failing=_failing(evidence.failing) if evidence.failing else None,
        problem=line(evidence.problem) or None,
    )


def _error(error: ErrorLine) -> ErrorLine:
    return replace(
        error,
        message=line(error.message),
        type=line(error.type, NAME),
        service=line(error.service, NAME),
        example=text(error.example, PROSE),
    )


def _failing(failing: Failing) -> Failing:
    return replace(
        failing,
        request_id=line(failing.request_id, NAME) or None,
        correlation_id=line(failing.correlation_id, NAME) or None,
        trace_id=line(failing.trace_id, NAME) or None,
        service=line(failing.service, NAME),
        log_group=line(failing.log_group, 512),
        log_stream=line(failing.log_stream, 512),
    )


def _deployment(item: Deployment) -> Deployment:
    return replace(item, what=line(item.what))


def stamp(when: datetime) -> str:
    """A time for machines, in UTC and whole seconds."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
