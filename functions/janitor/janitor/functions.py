"""Old versions of functions."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from janitor.model import Reason
from janitor.plan import EXCLUDED, POLICY, REPLICA, decide, references
from janitor.result import VERSION
from janitor.work import Thing, settle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from watchpost.configuration import Versions

    from janitor.model import Function, Inventory
    from janitor.work import Work


class Functions:
    """Looks at the versions of all functions, one function after the other."""

    def __init__(self, work: Work, rules: Versions, before: datetime) -> None:
        """before: versions from then or later stay."""
        self._work = work
        self._rules = rules
        self._before = before

    def look(self, inventory: Inventory) -> None:
        """Decide and remove. Raises botocore's errors when event source mappings cannot be listed: all stay."""
        mapped = self._work.account.mapped()
        functions = list(inventory.functions.values())
        # In another order each time: where there is no time for all, the same ones must not wait for ever.
        random.shuffle(functions)
        for function in functions:
            try:
                self._function(function, mapped.get(function.name, {}))
            except (BotoCoreError, ClientError) as error:  # one function's must not stop the run
                self._work.fail(VERSION, function.name, error)

    def _function(self, function: Function, mapped: Mapping[int, str]) -> None:
        aside = self._aside(function)
        if aside:
            self._keep_all(function, aside)
            return
        verdicts = decide(function.versions, {}, self._rules.keep, self._before)
        if any(verdict.kept is None for verdict in verdicts):  # most functions have nothing to lose: no need to ask
            account = self._work.account
            needed = references(account.aliases(function.name), account.provisioned(function.name), mapped)
            verdicts = decide(function.versions, needed, self._rules.keep, self._before)
        thing = Thing(
            VERSION,
            function.name,
            asked=lambda number: self._invoked(function.name, number),
            remove=lambda number: self._work.remover.version(function.name, number),
        )
        settle(self._work, thing, verdicts)

    def _aside(self, function: Function) -> Reason | None:
        if function.replica:
            return Reason(REPLICA, "a replica of Lambda@Edge, which CloudFront removes")
        return None if function.name in self._rules.names else Reason(EXCLUDED, "left out by the configuration")

    def _keep_all(self, function: Function, reason: Reason) -> None:
        if function.replica and not function.versions:
            self._work.keep(VERSION, function.name, None, reason)
        for version in function.versions:
            self._work.keep(VERSION, function.name, version, reason)

    def _invoked(self, function: str, version: int) -> Reason | None:
        if self._work.account.function_policy(function, version):
            return Reason(POLICY, "its own resource policy lets somebody invoke it")
        return None
