"""What the emulator does not answer and the deployed functions ask for.

Streams, databases and APIs in what the Resource Groups Tagging API lists, and a picture of a metric: the same dot each
time.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services import apigateway, apigateway_v1, cloudwatch, kinesis, rds, tagging

if TYPE_CHECKING:
    from collections.abc import Iterator

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="  # PNG


def list_more_services() -> None:
    """Have streams, databases and APIs listed."""
    collectors = {"kinesis": _streams, "rds": _databases, "apigateway": _apis}
    tagging._COLLECTORS.update(collectors)  # noqa: SLF001


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _streams() -> Iterator[tuple[str, list[dict[str, str]]]]:
    for stream in kinesis._streams.values():  # noqa: SLF001
        yield stream["StreamARN"], _pairs(stream.get("tags") or {})


def _databases() -> Iterator[tuple[str, list[dict[str, str]]]]:
    for instance in rds._instances.values():  # noqa: SLF001
        yield instance["DBInstanceArn"], list(instance.get("TagList") or [])


def _apis() -> Iterator[tuple[str, list[dict[str, str]]]]:
    for name, api in apigateway_v1._rest_apis.items():  # noqa: SLF001
        yield f"arn:aws:apigateway:{tagging.get_region()}::/restapis/{name}", _pairs(api.get("tags") or {})
    for name, api in apigateway._apis.items():  # noqa: SLF001
        yield apigateway._api_arn(name), _pairs(api.get("tags") or {})  # noqa: SLF001


def draw_metrics() -> None:
    """Have GetMetricWidgetImage answered, in the form of requests that botocore uses."""
    handle = cloudwatch.handle_request

    async def handle_or_draw(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Any:
        if not headers.get("x-amz-target", "").endswith(".GetMetricWidgetImage"):
            return await handle(method, path, headers, body, query_params)
        return 200, {"content-type": headers["content-type"]}, json.dumps({"MetricWidgetImage": DOT}).encode()

    cloudwatch.handle_request = handle_or_draw
