"""`aws`, as far as the documentation's commands use it, on top of botocore: run as a script, with their arguments.

The AWS CLI itself is not among what is installed for tests. Operations, parameters and queries are checked as it
checks them: by botocore's models, and with JMESPath.
"""

from __future__ import annotations

import sys
from typing import Any

import botocore.session
import jmespath


def main(arguments: list[str]) -> None:
    """Run one command. Raises botocore's errors, and KeyError for an option that there is not."""
    service, operation, *rest = arguments
    client = botocore.session.get_session().create_client(service)
    if (service, operation) == ("s3", "rb"):
        _remove_bucket(client, *rest)
        return
    if operation == "wait":
        client.get_waiter(rest[0].replace("-", "_")).wait(**_options(client, "DescribeStacks", rest[1:]))
        return
    names = {botocore.xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
    given = dict(zip(rest[::2], rest[1::2], strict=True))
    query, output = given.pop("--query", None), given.pop("--output", "json")
    called = [part for pair in given.items() for part in pair]
    method = getattr(client, operation.replace("-", "_"))
    answer = method(**_options(client, names[operation], called))
    if query:
        assert output == "text", "only text is written here"
        found = jmespath.search(query, answer)
        print("\t".join(str(one) for one in found) if isinstance(found, list) else found)


def _options(client: Any, operation: str, given: list[str]) -> dict[str, Any]:
    shape = client.meta.service_model.operation_model(operation).input_shape
    members = {f"--{botocore.xform_name(name, '-')}": (name, member) for name, member in shape.members.items()}
    options = {}
    for option, value in zip(given[::2], given[1::2], strict=True):
        name, member = members[option]
        options[name] = int(value) if member.type_name in ("integer", "long") else value
    return options


def _remove_bucket(client: Any, address: str, force: str) -> None:
    assert force == "--force"
    name = address.removeprefix("s3://")
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
        for item in page.get("Contents", ()):
            client.delete_object(Bucket=name, Key=item["Key"])
    client.delete_bucket(Bucket=name)


if __name__ == "__main__":
    main(sys.argv[1:])
