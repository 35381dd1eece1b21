"""The state that the notifier works with. It is a comfort: where it cannot be reached messages go out without it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from watchpost.aws import code_of

from notifier import incidents
from notifier.incidents_table import CLAIMED, Table
from notifier.incidents_waiting import WaitingRoom
from notifier.service import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from notifier.alarm import Notification
    from notifier.incidents import Decision, Memories
    from notifier.incidents_waiting import Waiting

Found = TypeVar("Found")

_logger = Logger(service=SERVICE)


class State:
    """The state of one invocation. After the first failure nothing is asked any more, since each would take seconds.

    client: makes one of DynamoDB. owner: of claims, of this invocation alone. Its methods are those of Table and of
    WaitingRoom; none of them raises botocore's errors. Safe for several threads.
    """

    def __init__(self, client: Callable[[], Any], table: str, now: Callable[[], datetime], owner: str) -> None:
        self.owner = owner
        self.is_lost = False
        self._make = client
        self._name = table
        self._now = now
        self._lock = threading.Lock()
        self._made: tuple[Table, WaitingRoom] | None = None

    def decide(
        self, message_id: str, notification: Notification, keys: tuple[str, str | None]
    ) -> tuple[Decision, Memories]:
        """As Table.decide; without the table what the message says by itself."""
        alone: tuple[Decision, Memories] = (incidents.without_state(notification, keys[0]), {})
        return self._try(alone, lambda table, _: table.decide(message_id, notification, keys))

    def claim(self, message_id: str, receiver: str, until: datetime) -> str:
        """As Table.claim; without the table everything may be told."""
        return self._try(CLAIMED, lambda table, _: table.claim(message_id, receiver, self.owner, until))

    def settle(self, message_id: str, receiver: str, state: str) -> None:
        """As Table.settle."""
        self._try(None, lambda table, _: table.settle(message_id, receiver, state))

    def release(self, message_id: str, receiver: str) -> None:
        """As Table.release."""
        self._try(None, lambda table, _: table.release(message_id, receiver, self.owner))

    def finish(self, message_id: str) -> None:
        """As Table.finish."""
        self._try(None, lambda table, _: table.finish(message_id))

    def remember(self, decision: Decision, receiver: str, memory: Mapping[str, str]) -> None:
        """As Table.remember, of messages that belong to an incident."""
        if decision.opened:
            self._try(None, lambda table, _: table.remember(decision, receiver, memory))

    def wait(self, waiting: Waiting) -> bool:
        """As WaitingRoom.put; without the table nothing can wait."""
        return self._try(False, lambda _, room: room.put(waiting))

    def end(self, receiver: str, key: str, ended: datetime) -> bool:
        """As WaitingRoom.end."""
        return self._try(False, lambda _, room: room.end(receiver, key, ended))

    def take(self, receiver: str, key: str) -> str | None:
        """As WaitingRoom.take."""
        return self._try(None, lambda _, room: room.take(receiver, key))

    def due(self) -> list[Waiting]:
        """As WaitingRoom.due."""
        return self._try([], lambda _, room: room.due())

    def claim_waiting(self, waiting: Waiting, until: datetime) -> Waiting | None:
        """As WaitingRoom.claim; without the table nothing is told, as nobody could note that it was."""
        return self._try(None, lambda _, room: room.claim(waiting, self.owner, until))

    def remove(self, waiting: Waiting) -> None:
        """As WaitingRoom.remove."""
        self._try(None, lambda _, room: room.remove(waiting, self.owner))

    def release_waiting(self, waiting: Waiting) -> None:
        """As WaitingRoom.release."""
        self._try(None, lambda _, room: room.release(waiting, self.owner))

    def _try(self, otherwise: Found, ask: Callable[[Table, WaitingRoom], Found]) -> Found:
        if self.is_lost:
            return otherwise
        try:
            return ask(*self._tables())
        except (BotoCoreError, ClientError) as error:
            self.is_lost = True
            why = code_of(error) or type(error).__name__
            _logger.warning("the table of incidents is not there, so messages go out without it", extra={"why": why})
            return otherwise

    def _tables(self) -> tuple[Table, WaitingRoom]:
        with self._lock:
            if self._made is None:
                client = self._make()
                self._made = Table(client, self._name, self._now), WaitingRoom(client, self._name, self._now)
            return self._made
