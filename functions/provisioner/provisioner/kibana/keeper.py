"""Keeps the objects in Kibana as they are defined, and harms nobody when Kibana is away."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from watchpost import login, names, proxies
from watchpost.errors import ConfigurationError

from provisioner import guard
from provisioner.failures import reason_of
from provisioner.kibana import objects, seals
from provisioner.kibana.model import DASHBOARD, DATA_VIEW, SEARCH, Key, KibanaResult, SavedObject, compact, key_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import requests
    from watchpost.proxies import Proxy
    from watchpost.secrets import Secret
    from watchpost.settings import Settings

    from provisioner.kibana.client import Client
    from provisioner.kibana.definitions import Definitions
    from provisioner.kibana.model import Service
    from provisioner.kibana.seals import Found

# Of one import. Kibana takes 10,000 objects and 26,214,400 bytes unless it is told otherwise (Kibana settings,
# savedObjects.maxImportExportSize and maxImportPayloadBytes); the answers to smaller ones come sooner.
MOST_OBJECTS = 100
MOST_BYTES = 5_000_000
TOLD = 3  # reasons of a failed run

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Around:
    """What keeping Kibana's objects works with."""

    settings: Settings
    definitions: Definitions
    left: Callable[[], float]  # seconds that may be spent
    secret: Callable[[], Secret]  # Kibana's credentials; raises what watchpost.secrets.read raises
    apply: bool = True  # whether anything is written: else what would be is told only
    complete: bool = True  # whether `services` are all there are: else nothing is deleted
    allow_mass_deletion: bool = False
    session: Callable[[str, ssl.SSLContext, Proxy | None], requests.Session] | None = (
        None  # None: of provisioner.kibana.client
    )
    sleep: Callable[[float], None] = time.sleep


def reconcile(services: Iterable[Service], around: Around) -> KibanaResult:
    """Bring Kibana's objects to what is defined: import what is new or was changed, delete those of vanished services.

    services: those that get a dashboard. Without a Kibana nothing is done. Raises nothing for a Kibana that is away,
    refuses or answers nonsense, nor for its credentials: that is logged and in `failed`, and the next run does it.
    """
    return _guarded(around, lambda keeper: keeper.keep(services))


def remove(around: Around) -> KibanaResult:
    """Delete the stack's dashboards and saved searches. Data views stay, as the data does. Raises as `reconcile`."""
    return _guarded(around, lambda keeper: keeper.remove())


def _guarded(around: Around, work: Callable[[_Keeper], None]) -> KibanaResult:
    if around.settings.kibana_url in ("", "none"):
        return KibanaResult()
    # Only here, so that a stack without Kibana does not load an HTTP client.
    from provisioner.kibana.answers import KibanaError  # noqa: PLC0415

    done = _Done()
    try:
        work(_Keeper(around, done))
    except KibanaError as error:
        done.reasons.append(str(error))
    except (ConfigurationError, ClientError, BotoCoreError) as error:
        done.reasons.append(reason_of(error))
    result = done.result()
    if result.failed:
        _log.warning("Kibana's objects are not as defined; the next run tries again", extra={"reason": result.failed})
    return result


@dataclass(slots=True)
class _Done:
    """What happened so far."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)  # of what was not done

    def result(self) -> KibanaResult:
        more = [f"{len(self.reasons) - TOLD} more"] if len(self.reasons) > TOLD else []
        return KibanaResult(
            tuple(self.created),
            tuple(self.updated),
            tuple(self.deleted),
            tuple(self.unchanged),
            "; ".join([*self.reasons[:TOLD], *more]) or None,
        )


class _Keeper:
    def __init__(self, around: Around, done: _Done) -> None:
        self._around = around
        self._settings = around.settings
        self._done = done
        self._client = _connect(around)

    def keep(self, services: Iterable[Service]) -> None:
        services = list(services)
        there = self._look()
        wanted: dict[Key, str] = {}
        changed: set[Key] = set()
        for one in self._wanted(services):
            key = key_of(one)
            wanted[key] = seals.sent(one)
            if key in there and seals.is_same(there[key], one):
                self._done.unchanged.append(one["id"])
            else:
                changed.add(key)
        # All objects at once would take too much memory, so those that changed are made once more.
        again = self._wanted(services) if changed else iter(())
        for batch in _batches(seals.merged(there.get(key_of(one)), one) for one in again if key_of(one) in changed):
            self._import(batch, wanted, there)
        self._delete([key for key in there if key not in wanted and key[0] != DATA_VIEW], len(there))

    def remove(self) -> None:
        for key in self._look():
            if key[0] != DATA_VIEW:
                self._delete_one(key)

    def _wanted(self, services: Sequence[Service]) -> Iterator[SavedObject]:
        return objects.build(self._around.definitions, services, self._settings)

    def _look(self) -> dict[Key, Found]:
        """Ours, of those that refer to one of our data views, and these views themselves.

        Every object of ours refers to one, so nothing else in the space has to be read.
        """
        own = names.kibana_owner(self._settings.stack, self._settings.aws_region, self._settings.account)
        body = {
            "type": [DASHBOARD, SEARCH],
            "hasReference": [{"type": DATA_VIEW, "id": own + name} for name in self._around.definitions.views],
            "includeReferencesDeep": True,
            "excludeExportDetails": False,
        }
        found = (seals.found(one) for one in self._client.export(body) if one["id"].startswith(own))
        return {one.key: one for one in found if one.key[0] in (DATA_VIEW, SEARCH, DASHBOARD)}

    def _import(self, batch: list[SavedObject], wanted: dict[Key, str], there: dict[Key, Found]) -> None:
        if self._around.apply and not self._send(batch, wanted):
            return
        for one in batch:
            (self._done.updated if key_of(one) in there else self._done.created).append(one["id"])

    def _send(self, batch: list[SavedObject], wanted: dict[Key, str]) -> bool:
        """Whether the objects are in Kibana. What one batch is refused for does not stop the others."""
        from provisioner.kibana.answers import KibanaError  # noqa: PLC0415  # see _guarded

        try:
            self._halved(batch)
            keys = [{"type": one["type"], "id": one["id"]} for one in batch if one["type"] != DATA_VIEW]
            if keys:
                exported = self._client.export({"objects": keys, "excludeExportDetails": False})
                self._halved([seals.sealed(one, wanted[key_of(one)]) for one in exported])
        except KibanaError as error:
            if error.status not in (200, 400, 413):
                raise
            self._done.reasons.append(str(error))
            return False
        return True

    def _halved(self, batch: list[SavedObject]) -> None:
        """Import a batch, in halves when a proxy on the way finds it too large."""
        from provisioner.kibana.answers import KibanaError  # noqa: PLC0415  # see _guarded

        try:
            self._client.import_(batch)
        except KibanaError as error:
            if error.status != 413 or len(batch) == 1:
                raise
            middle = len(batch) // 2
            self._halved(batch[:middle])
            self._halved(batch[middle:])

    def _delete(self, keys: Sequence[Key], owned: int) -> None:
        if not keys:
            return
        if not self._around.complete:
            self._done.unchanged += [identifier for _, identifier in keys]
            return
        refused = guard.refusal(owned, len(keys), allowed=self._around.allow_mass_deletion)
        if refused:
            self._done.reasons.append(refused)
            return
        for key in keys:
            self._delete_one(key)

    def _delete_one(self, key: Key) -> None:
        if self._around.apply:
            self._client.delete(*key)
        self._done.deleted.append(key[1])


def _connect(around: Around) -> Client:
    from provisioner.kibana import client  # noqa: PLC0415  # see _guarded

    secret, settings = around.secret(), around.settings
    proxy = proxies.proxy_for(settings.kibana_url, proxies.authorization(secret))
    made = (around.session or client.session)(login.authorization(secret), login.tls(secret), proxy)
    return client.Client(settings.kibana_url, settings.kibana_space, made, around.left, around.sleep)


def _batches(wanted: Iterable[SavedObject]) -> Iterator[list[SavedObject]]:
    """In their order, each within MOST_OBJECTS and MOST_BYTES, unless one object alone is larger."""
    batch: list[SavedObject] = []
    size = 0
    for one in wanted:
        length = len(compact(one)) + 1  # with the line break
        if batch and (len(batch) == MOST_OBJECTS or size + length > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += length
    if batch:
        yield batch
