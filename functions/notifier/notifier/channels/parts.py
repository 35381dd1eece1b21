"""What every channel shows of a story and in which order: the worst first, as a person at night reads it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notifier import story as kinds
from notifier.channels.wording import clock, cut, duration, moment, nth, span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from notifier.story import Child, ErrorLine, Evidence, Failing, Link, Story

_DAY = 86400


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is shown: how many children and lines of a digest, and how many characters of texts."""

    children: int
    items: int
    prose: int
    message: int
    example: int


# The first of these that a channel has room for is taken.
DETAILS = (Detail(10, 30, 1024, 300, 600), Detail(5, 15, 400, 200, 200), Detail(3, 5, 100, 80, 0))
ERRORS = 3  # most frequent errors shown
MOST_LINKS = 12
WORD = 60  # characters of a name within a line
EXAMPLE_LINES = 12  # of one example: a line of a log may have hundreds, and what is below them is not seen


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a section. label and note are ours. foreign: the text is somebody else's, so that it is only quoted.

    log: it is from a log, where anybody writes who calls a service, or has names in it that may be from one, such as
    those of metrics, so that nothing in it becomes a link or a mention.
    block: text of several lines, to be shown as it is.
    """

    text: str
    label: str = ""
    note: str = ""
    foreign: bool = False
    log: bool = False
    block: bool = False


def _quoted(text: str, label: str = "", note: str = "", *, block: bool = False) -> Line:
    return Line(text, label, note, foreign=True, log=True, block=block)


@dataclass(frozen=True, slots=True)
class Section:
    """Some lines under a heading, "" for none."""

    heading: str
    lines: tuple[Line, ...]


def title(story: Story) -> str:
    """How bad, what, and what has become of it, on one line."""
    if story.event == "resolved":
        return f"RESOLVED{_after(story.lasted)}: {story.headline}"
    if story.event in ("plain", "digest"):
        return story.headline if story.severity == "unknown" else f"{story.headline} ({story.severity})"
    known = story.severity != "unknown"
    bad = story.severity.upper() if known else "ALARM"
    if story.notification.state == "INSUFFICIENT_DATA":
        bad = f"NO DATA ({story.severity})" if known else "NO DATA"
    becomes = {"again": " again", "changed": ", changed"}.get(story.event, "")
    return f"{bad}{becomes}: {story.headline}"


def mark(story: Story) -> str:
    """A sign for the title that is seen before it is read."""
    if story.event in ("resolved", "plain", "digest"):
        return {"resolved": "✅", "plain": "📣", "digest": "🌙"}[story.event]
    if story.notification.state == "INSUFFICIENT_DATA":
        return "⚪"
    return {"critical": "🔴", "warning": "🟠"}.get(story.severity, "🔵")


def ending(story: Story) -> str:
    """That it is over, in a few words: "resolved after 7 min"."""
    often = f", rang {story.times} times" if story.times > 1 else ""
    return f"resolved{_after(story.lasted)}{often}"


def sections(story: Story, detail: Detail) -> list[Section]:
    """What is shown below the title and above the links, never an empty section.

    When it is over: how long it rang, in short. What was wrong was told when it began.
    """
    if story.event == "resolved":
        return _kept([Section("", (Line(_when(story)),))])
    if story.event == "digest":
        return _kept([Section("", (Line(cut(story.words, detail.prose)),)), *_items(story.items, detail)])
    if story.event == "plain":
        text = story.reason or story.words
        said = () if text == story.headline else (Line(cut(text, detail.prose * 2), foreign=True, block=True),)
        return _kept([Section("", said), Section("", (Line(_where(story)),))])
    evidence = story.evidence
    return _kept(
        [
            Section("", (Line(cut(story.words or story.reason, detail.prose), log=True), Line(_when(story)))),
            *_children(story.children, detail),
            *(_evidence(evidence, detail) if evidence else ()),
            *_deployments(story, detail),
            Section("About this alarm", (Line(cut(story.description, detail.prose), block=True),)),
            Section("", (Line(_where(story)),)),
        ]
    )


def until_logs(found: Sequence[Section]) -> int:
    """How many sections come before what logs say, which may be long: there is the place of graph and links."""
    quoted = (index for index, part in enumerate(found) if any(line.foreign and line.log for line in part.lines))
    return next(quoted, len(found))


def _kept(found: Sequence[Section]) -> list[Section]:
    whole = (Section(part.heading, tuple(line for line in part.lines if line.text)) for part in found)
    return [part for part in whole if part.lines]


def _when(story: Story) -> str:
    parts = []
    if story.since:
        over = story.lasted if story.event == "resolved" else None
        parts.append(f"since {moment(story.since)}" if over is None else span(story.since, story.since + over))
    if story.times > 1:
        rang = f"rang {story.times} times" if story.event == "resolved" else f"rings for the {nth(story.times)} time"
        parts.append(rang)
    if story.owner and story.event != "resolved":
        parts.append(f"owner {cut(story.owner, WORD)}")
    return ", ".join(parts)


def _where(story: Story) -> str:
    told = story.notification
    return ", ".join(part for part in (f"account {told.account}" if told.account else "", told.region) if part)


def _items(items: Sequence[str], detail: Detail) -> list[Section]:
    lines = [Line(cut(item, detail.message), label="•", log=True) for item in items[: detail.items]]
    return [Section("", (*lines, *_more(len(items), detail.items)))]


def _more(found: int, shown: int) -> tuple[Line, ...]:
    return (Line(f"and {found - shown} more"),) if found > shown else ()


def _children(children: Sequence[Child], detail: Detail) -> list[Section]:
    ringing = [child for child in children if child.state == "ALARM"]
    lines = [Line(_child(child, detail), label="•", log=True) for child in (ringing or children)[: detail.children]]
    heading = "1 alarm rings below it" if len(ringing) == 1 else f"{len(ringing)} alarms ring below it"
    return [Section(heading if ringing else "Below it", (*lines, *_more(len(ringing or children), detail.children)))]


def _child(child: Child, detail: Detail) -> str:
    alarm = child.alarm.replace("-", " ").replace("_", " ")
    name = f"{child.resource}: {alarm}" if child.resource and child.alarm else child.name
    state = {"ALARM": "", "OK": " is well", "INSUFFICIENT_DATA": " has no data"}.get(child.state, f" is {child.state}")
    since = f"{state or ','} since {clock(child.since)}" if child.since else state
    reason = f" — {cut(child.reason, detail.message)}" if child.reason else ""
    return f"{cut(name, detail.message)}{since}{reason}"


def _evidence(evidence: Evidence, detail: Detail) -> list[Section]:
    problem = Section("", (Line(evidence.problem or "", label="No lines from the logs:"),))
    lines: list[Line] = []
    for error in evidence.errors[:ERRORS]:
        lines += _error(error, detail, several=len({item.service for item in evidence.errors}) > 1)
    return [problem, Section(_counted(evidence), tuple(lines)), *_failing(evidence.failing, detail)]


def _counted(evidence: Evidence) -> str:
    total, read = evidence.errors_total, evidence.errors_read
    if read < total:
        return f"Most frequent errors, among the newest {read:,} of {total:,} lines with errors"
    return f"Most frequent errors, of {total:,} line{'' if total == 1 else 's'} with errors"


def _error(error: ErrorLine, detail: Detail, *, several: bool) -> list[Line]:
    typed = error.type and not error.message.startswith(error.type)
    message = f"{error.type}: {error.message}" if typed else error.message
    # The service is from the lines too, so that it is quoted with what they say.
    shown = f"{error.service}: {message}" if several and error.service else message
    label, note = f"{error.count:,} x", f"newest {clock(error.newest)}"
    found = [_quoted(cut(shown or "(no text)", detail.message), label, note)]
    if detail.example and error.example not in ("", error.message, message):
        found.append(_quoted(cut(_few_lines(error.example), detail.example), block=True))
    return found


def _few_lines(text: str) -> str:
    """The first lines of a text, and one sees that there were more. Of blank lines in a row one is kept."""
    found: list[str] = []
    for line in text.splitlines():
        if line.strip() or (found and found[-1].strip()):
            found.append(line)
    return "\n".join(found if len(found) <= EXAMPLE_LINES else [*found[: EXAMPLE_LINES - 1], "…"])


def _failing(failing: Failing | None, detail: Detail) -> list[Section]:
    if failing is None:
        return []
    ids = (
        ("request id", failing.request_id),
        ("correlation id", failing.correlation_id),
        ("trace id", failing.trace_id),
    )
    where = cut(", ".join(part for part in (failing.service, failing.log_group) if part), detail.message)
    last = _quoted(where, "where", clock(failing.at)) if where else Line(f"at {clock(failing.at)}")
    lines = [_quoted(cut(value, detail.message), label) for label, value in ids if value]
    return [Section("One that failed", (*lines, last))]


def _deployments(story: Story, detail: Detail) -> list[Section]:
    lines = [
        Line(cut(item.what, detail.message), label="•", note=f"{moment(item.when)}{_before(item.when, story.since)}")
        for item in story.deployments[:ERRORS]
    ]
    return [Section("Deployed last", tuple(lines))]


def _before(when: datetime, since: datetime | None) -> str:
    """How long before the alarm, for what was not long ago: the first thing that a person wants to know."""
    seconds = (since - when).total_seconds() if since else _DAY
    if not 0 <= seconds < _DAY:
        return ", after the alarm began" if -_DAY < seconds < 0 else ""
    return f", {duration(seconds)} before the alarm"


def _after(lasted: timedelta | None) -> str:
    return "" if lasted is None else f" after {duration(lasted.total_seconds())}"


def links_within(links: Sequence[Link], each: int, total: int, most: int = MOST_LINKS) -> tuple[list[Link], list[str]]:
    """Whole links that fit, in order, and the labels of the others: half a link leads nowhere."""
    kept: list[Link] = []
    left_out: list[str] = []
    used = 0
    for link in links:
        if len(kept) < most and len(link.url) <= each and used + len(link.url) <= total:
            kept.append(link)
            used += len(link.url)
        else:
            left_out.append(link.label)
    return kept, left_out


def room_for_links(detail: Detail, total: int, used: int, limit: int) -> int:
    """Characters that links may take. With the least detail it is what the rest leaves of a channel's limit.

    Before that it is `total`, so that details give way before links do. A link's surroundings take up to 120.
    """
    return total if detail is not DETAILS[-1] else min(total, limit - used - 120 * MOST_LINKS - 400)


def wanted_links(story: Story) -> Sequence[Link]:
    """The links to show: all, and when it is over only where to look again."""
    if story.event != "resolved":
        return story.links
    return tuple(link for link in story.links if link.label in (kinds.DISCOVER, kinds.ALARM))


def fitted(build: Callable[[Detail], bytes], limit: int) -> bytes:
    """What is built with the most detail that stays within so many bytes; with the least it always does."""
    found = b""
    for detail in DETAILS:
        found = build(detail)
        if len(found) <= limit:
            break
    return found
