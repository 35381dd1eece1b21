"""The secrets that a run of the tests uses, and the forms in which they would show where they must not."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 12  # characters: what is shorter, such as a word, stands somewhere by chance
# Fields of secrets that are none themselves.
_OPEN = frozenset({"username", "name", "type", "channel", "ca_certificate", "region", "topic_arn"})


@dataclass(frozen=True)
class Secret:
    """A value that must not show. allowed: how the names of places begin in which it stands rightly."""

    value: str
    what: str
    allowed: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{self.what} ({self.value[:2]}…, {len(self.value)} characters)"

    def needles(self) -> tuple[bytes, ...]:
        """Its forms: as it is, in JSON, in an address, in base64 wherever in a text it stands, in hexadecimal."""
        raw = self.value.encode()
        forms = {raw, json.dumps(self.value)[1:-1].encode(), quote(self.value, safe="").encode(), raw.hex().encode()}
        for ahead, cut in ((0, 0), (1, 2), (2, 3)):
            whole = base64.b64encode(b"\0" * ahead + raw)[cut : (ahead + len(raw)) * 8 // 6]
            forms |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
        return tuple(sorted(forms))


_noted: dict[str, Secret] = {}
_shown: list[tuple[str, bytes]] = []


def note(value: str, what: str, *allowed: str) -> str:
    """Have the end of the run look for a value; returns it. allowed: as of Secret."""
    assert len(value) >= SHORTEST, f"{what} is too short to be looked for"
    _noted[value] = Secret(value, what, allowed)
    return value


def noted() -> list[Secret]:
    return list(_noted.values())


def shown(where: str, content: str) -> None:
    """Have the end of the run look at what left the account: messages to receivers, output of commands."""
    _shown.append((where, content.encode("utf-8", "surrogatepass")))


def all_shown() -> list[tuple[str, bytes]]:
    return list(_shown)


def of_url(url: str, what: str) -> Iterator[Secret]:
    """The password in an address."""
    password = unquote(urlsplit(url).password or "")
    if len(password) >= SHORTEST:
        yield Secret(password, what)


def of_text(text: str, what: str) -> Iterator[Secret]:
    """The values of a secret of Secrets Manager: every text in its JSON that is long enough, but for what is open."""
    try:
        content = json.loads(text)
    except ValueError:
        content = text
    yield from _of_value(content, what)


def _of_value(value: Any, what: str) -> Iterator[Secret]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in _OPEN:
                yield from _of_value(part, f"{what}.{name}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _of_value(part, f"{what}[{index}]")
    elif isinstance(value, str) and len(value) >= SHORTEST:
        yield Secret(value, what)
