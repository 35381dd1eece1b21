"""What the answers of receivers mean, where the status alone says it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

from notifier import clean
from notifier.channels.call import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

REASON = 200  # characters of what a receiver says about a refusal
READ = 2000  # bytes of an answer that are looked at
# Characters from which on a segment or a value of a URL is hidden by itself, and its whole path or query: what is
# shorter gives no access, and stands in other words.
LONG, WHOLE = 8, 4
# How characters stand in HTML and JSON, besides as themselves and percent-encoded.
_SPELLED = {"&": r"|&amp;|\\u0026", "/": r"|\\/|&\#x2f;", "=": r"|\\u003d|&\#x3d;", "+": r"|\\u002b| ", " ": r"|\+"}


def may_pass(status: int) -> bool:
    """Whether the same call may succeed later: too many calls, or a fault of the receiver's own."""
    return status in (408, 429) or status >= 500


def by_status(status: int, said: str, hidden: Collection[str] = ()) -> Outcome:
    """Taken for every 2xx. said: what the answer says of a refusal; hidden: what must not be told on."""
    if 200 <= status < 300:
        return Outcome(taken=True)
    return refused(f"HTTP {status}", said, hidden, retry=may_pass(status))


def refused(what: str, said: str, hidden: Collection[str] = (), *, retry: bool = False) -> Outcome:
    """Not taken, with the reason for a person. hidden: keys, and URLs of which the path may be the key."""
    shown = clean.shown(said, REASON, lambda text: _without(text, hidden))
    return Outcome(taken=False, reason=f"{what}: {shown}" if shown else what, retry=retry)


def _without(text: str, hidden: Collection[str]) -> str:
    """A text in which nothing of what is hidden can be read, however it is encoded."""
    pieces = {piece for secret in hidden if secret for piece in (secret, *_pieces(secret))}
    if not pieces:
        return text
    # The longest first, so that nothing is left of a whole address.
    wanted = "|".join(_spelled(piece) for piece in sorted(pieces, key=lambda piece: (-len(piece), piece)))
    return re.sub(wanted, "…", text, flags=re.IGNORECASE)


def _pieces(secret: str) -> set[str]:
    """What of a URL may give access by itself; nothing of another secret.

    That is all after the host, path, query and fragment, and each longer segment or value in them. The host is none.
    """
    _, is_url, rest = secret.partition("://")
    if not is_url:
        return set()
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, target = host.rpartition("@")[0], rest[len(host) :]
    wholes = {user, target, target[1:], *re.split(r"[?#]", target)}
    # A value may hold slashes, encoded, and what shows it decoded may show what is between them.
    parts = re.split(r"[/?#&;=@:]", f"{user}/{target}/{unquote(target)}")
    return {one for one in wholes if len(one) >= WHOLE} | {one for one in parts if len(one) >= LONG}


def _spelled(piece: str) -> str:
    """A pattern of a text in which each character may be percent-encoded, also more than once, or not."""
    plain = unquote_to_bytes(piece).decode("utf-8", "surrogateescape")
    return "".join(f"(?:{_percent(char)}|{_as_shown(char)}{_SPELLED.get(char, '')})" for char in plain)


def _as_shown(char: str) -> str:
    # A byte that is no text is shown as the sign for that (text_of).
    return "\ufffd" if "\udc80" <= char <= "\udcff" else re.escape(char)


def _percent(char: str) -> str:
    return "".join(f"%(?:25)*{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))


def text_of(body: bytes) -> str:
    """The beginning of an answer as text, whatever it is. Of one that is cut the last word is left out, which may be
    the half of a secret.
    """
    text = body[:READ].decode("utf-8", "replace")
    return clean.whole_words(f"{text}…") if len(body) > READ else text


def object_of(body: bytes) -> Mapping[str, Any]:
    """The JSON object of an answer; empty when it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
