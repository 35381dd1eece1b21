"""Reads what Kibana answers, and believes nothing that has not the form that its API promises."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests
from watchpost.errors import RetryableError

from provisioner.deadline import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from provisioner.kibana.model import SavedObject

LARGEST = 50_000_000  # bytes of an answer that is read at once, or of one line of an export
CHUNK = 65_536  # bytes
TOLD = 5  # of the errors of an import


class KibanaError(RetryableError):
    """Kibana did not do what was asked: it is away, refuses, or answers what it should not.

    Attributes: status (HTTP status, 0 when there was no answer), reason (one line), body (the answer's object, if any).
    """

    def __init__(self, status: int, reason: str, body: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"Kibana ({status or 'no answer'}): {reason}")
        self.status = status
        self.reason = reason
        self.body = body or {}


def check(answer: requests.Response, left: Callable[[], float]) -> None:
    """Raises KibanaError unless the answer says that the request was taken. left: seconds for reading it."""
    status = answer.status_code
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise KibanaError(status, "it sends the request to another address; give the one where Kibana itself answers")
    said = _decoded(_whole(answer, left))
    hints = {
        401: ", are the credentials in the secret right?",
        403: ", has the user all privileges?",
        404: ", is there such a space?",
    }
    hint = hints.get(status, "")
    if isinstance(said, dict) and isinstance(said.get("message"), str):
        raise KibanaError(status, f"{_line(said['message'])}{hint}", said)
    raise KibanaError(status, f"HTTP {status} without a word of Kibana{hint}")


def exported(answer: requests.Response, left: Callable[[], float]) -> Iterator[SavedObject]:
    """The saved objects of an export, each as soon as it was read. Raises KibanaError, also at its end."""
    complete = False
    for line in _lines(answer, left):
        one = _decoded(line)
        if complete or not isinstance(one, dict):
            raise KibanaError(answer.status_code, "an export with a line that is no saved object")
        if "exportedCount" in one:  # the details, which are the last line
            complete = True
        elif _is_object(one):
            yield one
        else:
            raise KibanaError(answer.status_code, "an export with a line that is no saved object")
    if not complete:
        raise KibanaError(answer.status_code, "an export without its last line, so some of it may be missing")


def imported(answer: requests.Response, left: Callable[[], float]) -> None:
    """Raises KibanaError when the import did not succeed, which Kibana says with status 200 as well."""
    said = _decoded(_whole(answer, left))
    if not isinstance(said, dict) or not isinstance(said.get("success"), bool):
        raise KibanaError(answer.status_code, "an answer to an import that does not say whether it succeeded")
    if not said["success"]:
        raise KibanaError(answer.status_code, _failures(said.get("errors")), said)


def _is_object(one: Mapping[str, Any]) -> bool:
    return (
        isinstance(one.get("type"), str)
        and isinstance(one.get("id"), str)
        and isinstance(one.get("attributes"), dict)
        and isinstance(one.get("references"), list)
    )


def _failures(errors: Any) -> str:
    """What Kibana says of the objects that it did not import, in one line."""
    found = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    if not found:
        return "an import failed, and Kibana does not say why"
    more = f"; {len(found) - TOLD} more" if len(found) > TOLD else ""
    return f"{len(found)} not imported: {'; '.join(map(_failure, found[:TOLD]))}{more}"


def _failure(error: Mapping[str, Any]) -> str:
    why = error.get("error")
    why = why if isinstance(why, dict) else {}
    parts = [str(why.get("type", "unknown"))]
    if why.get("message"):
        parts.append(str(why["message"]))
    missing = why.get("references")
    if isinstance(missing, list):
        parts += [f"{one.get('type')} {one.get('id')}" for one in missing[:TOLD] if isinstance(one, dict)]
    return _line(f"{error.get('type')} {error.get('id')} ({', '.join(parts)})")


def _line(text: str) -> str:
    plain = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(plain.split())[:300]


def _decoded(text: bytes) -> Any:
    """What JSON says; None when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _whole(answer: requests.Response, left: Callable[[], float]) -> bytes:
    parts, size = [], 0
    for part in _chunks(answer, left):
        size += len(part)
        if size > LARGEST:
            raise KibanaError(answer.status_code, f"an answer of more than {LARGEST} bytes")
        parts.append(part)
    return b"".join(parts)


def _lines(answer: requests.Response, left: Callable[[], float]) -> Iterator[bytes]:
    begun = bytearray()
    for part in _chunks(answer, left):
        begun += part
        if b"\n" in part:
            *complete, rest = begun.split(b"\n")
            begun = bytearray(rest)
            yield from (bytes(line) for line in complete if line.strip())
        if len(begun) > LARGEST:
            raise KibanaError(answer.status_code, f"a line of more than {LARGEST} bytes")
    if begun.strip():
        yield bytes(begun)


def _chunks(answer: requests.Response, left: Callable[[], float]) -> Iterator[bytes]:
    try:
        for part in answer.iter_content(CHUNK):
            if left() <= 0:
                raise KibanaError(answer.status_code, NO_TIME)
            yield part
    except requests.RequestException as error:
        raise KibanaError(0, f"the answer broke off: {type(error).__name__}"[:300]) from None
