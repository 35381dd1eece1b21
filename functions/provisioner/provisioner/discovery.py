"""Finds the services of the account and reads the live configuration that their alarms depend on.

Resources are found by their tags: one that has no tag at all, and never had one, is not listed by the Resource Groups
Tagging API, so Watchpost does not see it and can give no reason for it. What a CloudFormation stack made has tags of
its own, so that its services are found by the stack's name.

What could not be read is told apart from what is not there: only the second may cost an alarm its life.

IAM: tag:GetResources (for no resource in particular), and what each module of provisioner.describe says.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from watchpost import names

from provisioner.deadline import NO_TIME
from provisioner.describe import TABLE
from provisioner.failures import REFUSALS, reason_of
from provisioner.inventory import Found, Inventory, Resource, Skipped, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from provisioner.definitions import KindDefinition
    from provisioner.reader import Reader

__all__ = ["Found", "Inventory", "Resource", "Skipped", "Unknown", "discover"]

STACK_TAG = "aws:cloudformation:stack-name"
MAX_TYPES = 100  # of one call (Resource Groups Tagging API, GetResources)
PAGE = 100  # resources, the most (likewise)
OTHERS = "part of another stack of Watchpost"
LATER = f"services without alarms come first; {NO_TIME}"
OWN = "watchpost"  # the describe call of Watchpost itself
ACCOUNT = "account"  # what stands for the account as a service


def discover(  # noqa: PLR0913  # the last three are for those who need another run than the usual one
    kinds: Sequence[KindDefinition],
    reader: Reader,
    service_tags: Sequence[str],
    shuffle: Callable[[list[Found]], None] = random.shuffle,
    postpone: Callable[[Collection[Found]], Collection[str]] = lambda _: (),
    *,
    own: bool = True,
) -> Inventory:
    """Find every resource of these kinds whose tags or stack name a service.

    service_tags: names of tags; the first that a resource has and that is not empty counts, else its stack's name.
    shuffle: puts resources into the order in which they are described, so that those for which one run has no time
    are not the same in each. postpone: told what is listed, names the services that this run shall not look at; then no
    alarm at all can be told to be of nothing. own: whether to look for Watchpost itself, the service names.OWN_SERVICE.
    Raises nothing for what AWS refuses: that is in `unknown`.
    """
    try:
        found = _found(kinds, reader, service_tags)
    except REFUSALS as error:
        # Half a listing is no listing: the rest would look deleted.
        return Inventory(unknown=[Unknown(f"resources could not be listed: {reason_of(error)}")])
    if not own:
        kinds = [kind for kind in kinds if kind.source.describe != OWN]
        found = {kind: [one for one in listed if one.service != names.OWN_SERVICE] for kind, listed in found.items()}
    later = frozenset(postpone([one for listed in found.values() for one in listed]))
    if later:
        reader.inventory.unknown += [Unknown(LATER, service=service) for service in sorted(later)]
        found = {kind: [one for one in listed if one.service not in later] for kind, listed in found.items()}
    for kind in _in_order(kinds, "resource"):
        shuffle(found[kind.kind])
        _look(kind, found[kind.kind], reader)
    # Lines of Watchpost's own functions are never shipped, so it has no metrics of them.
    silent = {names.OWN_SERVICE} - reader.inventory.log_groups.keys()
    services = sorted(reader.services - silent)
    for kind in _in_order(kinds, "service"):
        _look(kind, [Found(kind.kind, kind.kind, service) for service in services], reader)
    for kind in _in_order(kinds, "account"):
        _look(kind, [Found(kind.kind, kind.kind, ACCOUNT)], reader)
    return _sorted(reader.inventory)


def _sorted(inventory: Inventory) -> Inventory:
    """The same in an order that the order of describing has no part in, so that two runs tell the same."""
    return Inventory(
        resources=sorted(inventory.resources, key=lambda one: (one.kind, one.service, one.name, one.arn)),
        skipped=sorted(inventory.skipped, key=lambda one: (one.resource, one.reason)),
        unknown=sorted(inventory.unknown, key=lambda one: (one.kind, one.service, one.resource)),
        custom_metrics=inventory.custom_metrics,
        log_groups={service: sorted(groups) for service, groups in sorted(inventory.log_groups.items())},
    )


def _in_order(kinds: Sequence[KindDefinition], scope: str) -> list[KindDefinition]:
    """The kinds of a scope: first those that the listing tells all about, then the others in the order of TABLE."""
    order = ["", *TABLE]
    return sorted((kind for kind in kinds if kind.source.scope == scope), key=lambda k: order.index(k.source.describe))


def _look(kind: KindDefinition, found: Sequence[Found], reader: Reader) -> None:
    if kind.source.describe and (found or not kind.source.types):
        TABLE[kind.source.describe](found, reader)
    elif not kind.source.describe:
        # The tagging API lists what was deleted for some hours more, and here nothing tells it apart: its alarms stay
        # as long, without data.
        for one in found:
            reader.add(one.resource())


def _found(kinds: Sequence[KindDefinition], reader: Reader, service_tags: Sequence[str]) -> dict[str, list[Found]]:
    """What the tagging API lists, by kind. Raises what the reader's calls raise."""
    found: dict[str, list[Found]] = {kind.kind: [] for kind in kinds}
    for arn, tags in _tagged(kinds, reader).items():
        matches = [(kind, match) for kind in kinds if kind.source.arn and (match := kind.source.arn.fullmatch(arn))]
        if not matches:
            reader.skip(arn, "no definition is for an ARN of this form")
        for kind, match in matches:
            groups = match.groupdict()
            name = groups.pop("name")
            service, reason = _service(name, arn, tags, service_tags, reader.settings.stack)
            if reason:
                reader.skip(name, reason)
            else:
                found[kind.kind].append(Found(kind.kind, name, service, arn, tags, groups))
    return found


def _tagged(kinds: Sequence[KindDefinition], reader: Reader) -> dict[str, dict[str, str]]:
    """The tags of every ARN, in as few runs of calls as the number of types allows."""
    types = sorted({name for kind in kinds for name in kind.source.types})
    tagged: dict[str, dict[str, str]] = {}
    for start in range(0, len(types), MAX_TYPES):
        asked = {"ResourceTypeFilters": types[start : start + MAX_TYPES]}
        listed = reader.pages("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", PAGE, **asked)
        for one in listed:
            tagged[one["ResourceARN"]] = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    return tagged


def _service(
    name: str, arn: str, tags: Mapping[str, str], service_tags: Sequence[str], stack: str
) -> tuple[str, str | None]:
    """The service of a resource, or why it has none."""
    own = {f"{stack}-{component}" for component in names.COMPONENTS}
    owner = tags.get(names.OWNER_TAG)
    if stack in (owner, tags.get(STACK_TAG)) or (":function:" in arn and name in own):
        return names.OWN_SERVICE, None
    if owner is not None:
        return "", OTHERS
    service = next((tags[tag] for tag in (*service_tags, STACK_TAG) if tags.get(tag)), "")
    return service, None if service else f"no stack, and no tag that names its service: {', '.join(service_tags)}"
