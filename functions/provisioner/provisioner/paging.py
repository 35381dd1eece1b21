"""Listings whose every page is a call that is paced, made again and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.paginate import Paginator
from watchpost import aws

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.client import BaseClient


def paginator(client: BaseClient, operation: str, ask: Callable[..., dict[str, Any]]) -> Paginator[Any]:
    """botocore's paginator of an operation, such as `describe_alarms`. ask: gets the parameters of each page."""
    meta = client.meta
    name = meta.method_to_api_mapping[operation]
    config = aws.session().get_paginator_model(meta.service_model.service_name).get_paginator(name)
    method: Any = ask  # whatever the stub wants
    return Paginator(method, config, meta.service_model.operation_model(name))
