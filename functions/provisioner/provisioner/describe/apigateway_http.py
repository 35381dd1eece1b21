"""HTTP APIs of API Gateway: one resource for each stage.

IAM: apigateway:GET for /apis and /apis/*/stages.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader


def describe(found: Sequence[Found], reader: Reader) -> None:
    """One call for each page of APIs, one for each API."""

    def look(api: Found) -> None:
        stages = list(reader.pages("apigatewayv2", "get_stages", "Items", ApiId=_id(api)))
        for stage in stages:
            facts = {"api_id": _id(api), "stage": stage["StageName"]}
            reader.add(api.resource(facts, f"{api.name}/{stage['StageName']}"))

    with reader.listing("HTTP APIs", found[0].kind, {one.service for one in found}):
        apis = {api["ApiId"]: api for api in reader.pages("apigatewayv2", "get_apis", "Items")}
        named: dict[str, Found] = {}
        for one in sorted(found, key=_id):
            api = apis.get(_id(one))
            if api is None:
                reader.gone(one)
            elif api["ProtocolType"] != "HTTP":
                reader.skip(api["Name"], f"an API with the protocol {api['ProtocolType']}, not HTTP")
            else:
                # CloudWatch tells APIs of one name apart by their ids, so each is watched under a name of its own.
                name = api["Name"] if api["Name"] not in named else f"{api['Name']}-{_id(one)}"
                named[name] = replace(one, name=name)
        reader.each(list(named.values()), look, [found[0].kind], itself=False)


def _id(api: Found) -> str:
    return api.arn.rpartition("/")[2]
