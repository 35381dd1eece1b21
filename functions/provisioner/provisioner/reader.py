"""What describe calls read with: calls that are paced, cached within a run, and end with the deadline."""

from __future__ import annotations

import contextlib
import functools
import json
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError
from watchpost.calls import paginator

from provisioner.deadline import NO_TIME
from provisioner.failures import REFUSALS, is_missing, reason_of
from provisioner.inventory import Inventory, Skipped, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from botocore.client import BaseClient
    from botocore.paginate import Paginator
    from watchpost.settings import Settings

    from provisioner.deadline import Deadline
    from provisioner.inventory import Found, Resource

GONE = "deleted, though its tags are still listed"


class Call(Protocol):
    """Makes one call of AWS: paced, and made again where that helps. Raises botocore's errors."""

    def __call__(self, client: BaseClient, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """operation: the client's method, such as `describe_table`."""
        ...


class Reader:
    """Reads an account for one run, and notes in `inventory` what is there, left out, or not known.

    settings: of the stack. services: those that are known so far; what is not known counts too, so that a service
    keeps its alarms when its only resource could not be read.
    """

    def __init__(
        self,
        settings: Settings,
        client: Callable[[str], Any],
        call: Call,
        deadline: Deadline,
        out_of_time: type[Exception] = TimeoutError,
    ) -> None:
        """client: makes botocore's client of a service by its name. out_of_time: what `call` raises without time."""
        self.settings = settings
        self.inventory = Inventory()
        self.services: set[str] = set()
        self.client = functools.cache(client)
        self._call = call
        self._deadline = deadline
        self._out_of_time = out_of_time
        self._answers: dict[tuple[str, str, str], dict[str, Any] | ClientError] = {}

    def call(self, client_name: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """The answer to a call, which is made once in a run. Answers are shared: they must not be changed.

        Raises ClientError and BotoCoreError as they come, and TimeoutError when nothing new may be started.
        """
        key = client_name, operation, json.dumps(parameters, sort_keys=True)
        if key not in self._answers:
            self._deadline.check()
            self._answers[key] = self._asked(client_name, operation, parameters)
        answer = self._answers[key]
        if isinstance(answer, ClientError):
            raise answer
        return answer

    def _asked(self, client_name: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any] | ClientError:
        """The answer of AWS, a refusal too: what it refuses now it refuses a moment later."""
        try:
            return self._call(self.client(client_name), operation, **parameters)
        except ClientError as error:
            return error
        except self._out_of_time as error:
            raise TimeoutError(NO_TIME) from error

    def paginator(self, client_name: str, operation: str) -> Paginator[Any]:
        """botocore's paginator of an operation, each page of which is asked for through `call`."""
        return paginator(self.client(client_name), operation, functools.partial(self.call, client_name, operation))

    def pages(
        self, client_name: str, operation: str, key: str, /, page_size: int | None = None, **parameters: Any
    ) -> Iterator[Any]:
        """The items of all pages. Raises what `call` raises, in the middle too: half a listing is no listing.

        key: under which a page has its items. page_size: asked for where the service's own is small, or where it
        gives no second page unless it is asked for one.
        """
        config = {} if page_size is None else {"PaginationConfig": {"PageSize": page_size}}
        for page in self.paginator(client_name, operation).paginate(**parameters, **config):
            yield from page.get(key, ())

    def add(self, resource: Resource) -> None:
        """Note a resource that is there."""
        self.inventory.resources.append(resource)
        self.services.add(resource.service)

    def add_log_group(self, service: str, log_group: str, *, shipped: bool) -> None:
        """Note a log group of a service. shipped: whether its lines are: then there is such a service."""
        self.inventory.log_groups.setdefault(service, []).append(log_group)
        if shipped:
            self.services.add(service)

    def skip(self, resource_name: str, reason: str) -> None:
        """Note a resource that gets no alarms."""
        self.inventory.skipped.append(Skipped(resource_name, reason))

    def gone(self, found: Found) -> None:
        """Note a resource that the tagging API still lists and its own service does not."""
        self.skip(found.name, GONE)

    def unknown(self, reason: str, kind: str, service: str = "", resource: str = "") -> None:
        """Note what could not be read; see Unknown."""
        self.inventory.unknown.append(Unknown(reason, kind, service, resource))
        if service:
            self.services.add(service)

    @contextlib.contextmanager
    def listing(self, what: str, kind: str, services: Collection[str] = ()) -> Iterator[None]:
        """Around a listing: when it is refused or has no time, all of the kind is unknown.

        what: was listed, in words. services: all that can have resources of the kind, when they are known; the
        dashboards of the others are then not touched by it.
        """
        try:
            yield
        except REFUSALS as error:
            for service in sorted(services) or [""]:
                self.unknown(_reason(f"{what} could not be listed", error), kind, service)

    def each(
        self,
        found: Sequence[Found],
        describe: Callable[[Found], None],
        beneath: Sequence[str] = (),
        *,
        itself: bool = True,
    ) -> None:
        """Describe one after another. What is gone is skipped, what is refused is unknown; neither stops the others.

        beneath: kinds whose resources are parts of these and have names that begin with theirs and a slash.
        itself: whether what is described is a resource itself, or only its parts are.
        """
        for one in found:
            try:
                describe(one)
            except REFUSALS as error:
                if is_missing(error):
                    self.gone(one)
                    continue
                reason = _reason("its configuration could not be read", error)
                if itself:
                    self.unknown(reason, one.kind, one.service, one.name)
                for kind in beneath:
                    self.unknown(reason, kind, one.service, f"{one.name}/")


def _reason(what: str, error: Exception) -> str:
    return NO_TIME if isinstance(error, TimeoutError) else f"{what}: {reason_of(error)}"
