"""Answers of AWS in place of moto's, where moto has none: checked by botocore's model of the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass
class Refusal(Exception):  # noqa: N818  # it is an answer, not a fault of a test
    """An error that AWS answers with."""

    code: str
    status: int = 400


@dataclass(frozen=True)
class _Http:
    status_code: int


def answer(client: Any, operation: str, respond: Callable[[Mapping[str, Any]], dict[str, Any] | None]) -> None:
    """Answer an operation, such as `GetResources`. respond: gets the parameters; None leaves the call to moto.

    The last one that was set for an operation counts.
    """
    asked: dict[str, Any] = {}

    def remember(params: dict[str, Any], **_: Any) -> None:
        asked.clear()
        asked.update(params)

    def answered(**_: Any) -> tuple[_Http, dict[str, Any]] | None:
        try:
            parsed = respond(asked)
        except Refusal as refusal:
            told = {"Code": refusal.code, "Message": f"not done: {operation}"}
            return _Http(refusal.status), {"Error": told, "ResponseMetadata": {"HTTPStatusCode": refusal.status}}
        return None if parsed is None else (_Http(200), parsed)

    service = client.meta.service_model.service_id.hyphenize()
    for event, handler in (("provide-client-params", remember), ("before-call", answered)):
        name = f"{event}.{service}.{operation}"
        client.meta.events.unregister(name, unique_id=name)
        client.meta.events.register_first(name, handler, unique_id=name)
