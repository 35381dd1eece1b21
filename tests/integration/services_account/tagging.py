"""The Resource Groups Tagging API by its documentation: pages, limits, and everything that has or had a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.integration.services_account.scripted import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping


class Tagging:
    """Answers GetResources. broken: the page, from 1, that fails."""

    def __init__(self) -> None:
        self.listed: dict[str, tuple[str, dict[str, str]]] = {}  # ARN to type and tags
        self.broken = 0
        self.pages = 0  # asked for
        self._tokens: dict[str, tuple[tuple[str, ...], int]] = {}

    def get_resources(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One page."""
        self.pages += 1
        types, size = tuple(asked["ResourceTypeFilters"]), asked.get("ResourcesPerPage", 50)
        if len(types) > 100 or not 1 <= size <= 100:
            raise Refusal("InvalidParameterException")
        asked_types, start = self._tokens.get(asked.get("PaginationToken", ""), (types, 0))
        if asked_types != types:
            raise Refusal("PaginationTokenExpiredException")
        if self.broken and start // size + 1 == self.broken:
            raise Refusal("AccessDeniedException")
        found = [arn for arn, (kind, _) in self.listed.items() if kind in types or kind.partition(":")[0] in types]
        token = f"after-{start + size}-of-{len(self._tokens)}" if found[start + size :] else ""
        if token:
            self._tokens[token] = types, start + size
        page = [self._mapping(arn) for arn in found[start : start + size]]
        return {"ResourceTagMappingList": page, "PaginationToken": token}

    def _mapping(self, arn: str) -> dict[str, Any]:
        return {
            "ResourceARN": arn,
            "Tags": [{"Key": key, "Value": value} for key, value in self.listed[arn][1].items()],
        }
