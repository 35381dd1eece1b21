"""REST APIs of API Gateway: one resource for each stage.

IAM: apigateway:GET for /restapis and /restapis/*/stages.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader

PAGE = 500  # the most (API Gateway API, GetRestApis)


def describe(found: Sequence[Found], reader: Reader) -> None:
    """One call for 500 APIs, one for each API."""
    seen: set[str] = set()

    def look(api: Found) -> None:
        for stage in reader.call("apigateway", "get_stages", restApiId=_id(api))["item"]:
            name = f"{api.name}/{stage['stageName']}"
            if name in seen:
                reader.skip(name, "another REST API has the same name and stage, and CloudWatch counts both together")
                continue
            seen.add(name)
            reader.add(api.resource({"api_name": api.name, "stage": stage["stageName"]}, name))

    with reader.listing("REST APIs", found[0].kind, {one.service for one in found}):
        names = {api["id"]: api["name"] for api in reader.pages("apigateway", "get_rest_apis", "items", PAGE)}
        for gone in [api for api in found if _id(api) not in names]:
            reader.gone(gone)
        # In a settled order, so that of two with one name it is always the same that is watched.
        there = sorted((api for api in found if _id(api) in names), key=_id)
        reader.each([replace(api, name=names[_id(api)]) for api in there], look, [found[0].kind], itself=False)


def _id(api: Found) -> str:
    return api.arn.rpartition("/")[2]
