"""Old versions of layers."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from janitor.model import Reason
from janitor.plan import EXCLUDED, SHARED, USED, decide
from janitor.result import LAYER_VERSION
from janitor.work import Thing, settle

if TYPE_CHECKING:
    from datetime import datetime

    from watchpost.configuration import Versions

    from janitor.model import Inventory
    from janitor.work import Work


class Layers:
    """Looks at the versions of all layers, one layer after the other."""

    def __init__(self, work: Work, rules: Versions, before: datetime) -> None:
        """before: versions from then or later stay."""
        self._work = work
        self._rules = rules
        self._before = before

    def look(self, inventory: Inventory) -> None:
        """Decide and remove. Raises botocore's errors when layers cannot be listed."""
        layers = self._work.account.layers()
        random.shuffle(layers)
        for name in layers:
            try:
                self._layer(name, inventory)
            except (BotoCoreError, ClientError) as error:  # one layer's must not stop the run
                self._work.fail(LAYER_VERSION, name, error)

    def _layer(self, name: str, inventory: Inventory) -> None:
        layer = self._work.account.layer(name)
        if name not in self._rules.names:
            for version in layer.versions:
                self._work.keep(LAYER_VERSION, name, version, Reason(EXCLUDED, "left out by the configuration"))
            return
        used = {
            number: Reason(USED, "a function, or a version of one, has it")
            for number, arn in layer.arns.items()
            if arn in inventory.layers
        }
        thing = Thing(
            LAYER_VERSION,
            name,
            asked=lambda number: self._shared(name, number),
            remove=lambda number: self._work.remover.layer_version(name, number),
        )
        settle(self._work, thing, decide(layer.versions, used, self._rules.keep, self._before))

    def _shared(self, layer: str, version: int) -> Reason | None:
        # Whether another account has it in use cannot be seen from here.
        if self._work.account.layer_policy(layer, version):
            return Reason(SHARED, "it is shared with others by its policy")
        return None
