"""Watchpost itself: its pipeline, which counts what it does, and its functions' log groups. Nothing is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchpost import names

from provisioner import own
from provisioner.inventory import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader


def describe(_: Sequence[Found], reader: Reader) -> None:
    """No call: the settings say it all."""
    stack = reader.settings.stack
    reader.add(Resource(own.KIND, own.PIPELINE, names.OWN_SERVICE, {"stack": stack}))
    for group in sorted(names.own_log_groups(stack)):
        reader.add_log_group(names.OWN_SERVICE, group, shipped=False)
