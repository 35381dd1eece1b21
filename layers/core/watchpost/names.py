"""Every name that Watchpost gives to something outside itself, in one place."""

from __future__ import annotations

import hashlib
import re

COMPONENTS = ("shipper", "subscriber", "provisioner", "notifier", "replay", "janitor", "canary")
SHIPPER_ALIAS = "live"  # of the shipper, to which everything goes that is shipped: AutoPublishAlias in template.yaml
FILTER_PREFIX = "watchpost.service="
OWNER_TAG = "watchpost:stack"
PIPELINE_NAMESPACE = "Watchpost/Pipeline"  # of the metrics that Watchpost has of itself
OWN_SERVICE = "watchpost"  # what the stack itself is among the services that are watched
CANARY_SERVICE = "watchpost-canary"  # the service of the canary's line, whatever the configuration says
_CANARY_LOG_GROUP = re.compile(r"/watchpost/(?P<stack>[A-Za-z][A-Za-z0-9-]*)/canary")  # names of CloudFormation stacks

# Names of filters may hold everything but these, 1 to 512 characters (CloudWatch Logs API, PutSubscriptionFilter).
_NOT_IN_FILTER_NAME = re.compile(r"[:*]")
# Names of alarms may hold all but control characters (CloudWatch API, PutMetricAlarm). A composite alarm's rule quotes
# them, and nothing is documented that would let a quoted name hold a quote; ASCII alone is the same everywhere.
_NOT_IN_ALARM_NAME = re.compile(r'[^ -~]|["\\]')
_LONGEST_ALARM_NAME = 255  # characters (CloudWatch API, PutMetricAlarm)
# Names of dashboards may hold letters, digits, dash and underscore only, 255 characters (CloudWatch API, PutDashboard).
_NOT_IN_DASHBOARD_NAME = re.compile(r"[^A-Za-z0-9_-]")


def own_log_groups(stack: str) -> frozenset[str]:
    """The log groups of the stack's own functions, which are never shipped: doing so would never end."""
    return frozenset(f"/aws/lambda/{stack}-{component}" for component in COMPONENTS)


def without_alias(shipper: str) -> str:
    """The ARN of the shipper itself, where it is that of its alias: filters pointed there before there was one."""
    return shipper.removesuffix(f":{SHIPPER_ALIAS}")


def canary_log_group(stack: str) -> str:
    """The log group that the canary writes its line into. It is shipped as any service's."""
    return f"/watchpost/{stack}/canary"


def canary_stack(log_group: str) -> str | None:
    """The stack whose canary writes into a log group, or None when it is no canary's."""
    found = _CANARY_LOG_GROUP.fullmatch(log_group)
    return found["stack"] if found else None


def canary_namespace(environment: str) -> str:
    """Namespace of the data stream for the canary's lines: no view and no search of the environment looks there."""
    return f"{environment}.canary"


def data_stream(kind: str, namespace: str) -> str:
    """Name of the data stream for documents of a kind: `app`, `platform` or `line` (metric lines)."""
    return f"{'metrics' if kind == 'line' else 'logs'}-watchpost.{kind}-{namespace}"


def subscription_filter(service: str) -> str:
    """Name of the filter that carries the service's name, cut to the 512 characters that the API allows."""
    return (FILTER_PREFIX + _NOT_IN_FILTER_NAME.sub("-", service))[:512]


def service_of_filter(filter_name: str) -> str | None:
    """The service that a filter's name carries, or None when the filter is not one of ours."""
    return filter_name.removeprefix(FILTER_PREFIX) or None if filter_name.startswith(FILTER_PREFIX) else None


def account_policy(stack: str) -> str:
    """Name of the account-level subscription policy that stands for the filters of single groups (account mode)."""
    return f"{stack}-subscriptions"


def alarm(stack: str, service: str, resource: str, alarm_id: str) -> str:
    """Stable name of an alarm. It holds no threshold, so an edited threshold changes the alarm in place.

    Where a character is replaced or the name is cut, a hash of the whole keeps two different ones apart. No alarm's id
    has a dot in it, so such a name is never that of another alarm.
    """
    parts = (stack, service, resource, alarm_id)
    whole = "/".join(parts)
    name = _NOT_IN_ALARM_NAME.sub("-", whole)
    if name == whole and len(name) <= _LONGEST_ALARM_NAME:
        return name
    suffix = "." + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return name[: _LONGEST_ALARM_NAME - len(suffix)] + suffix


def dashboard(stack: str, service: str) -> str:
    """Name of a service's dashboard, unique in the account."""
    return _NOT_IN_DASHBOARD_NAME.sub("_", f"{stack}-{service}")[:255]


def kibana_owner(stack: str, region: str, account: str) -> str:
    """How the ids of all objects begin that a stack has in Kibana; stacks of one name elsewhere may share a Kibana."""
    where = hashlib.sha256(f"{region} {account}".encode()).hexdigest()[:6]
    return f"watchpost-{stack}-{where}-"


def kibana_object(stack: str, region: str, account: str, what: str) -> str:
    """Id of an object in Kibana, which stays the same, so that an import updates it.

    what: data views `logs`, `app`, `platform`, `line`; dashboards `overview`, `service-<service>`; searches `errors` …
    """
    plain = _NOT_IN_DASHBOARD_NAME.sub("_", what)[:150]
    if plain != what:
        plain += "." + hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return kibana_owner(stack, region, account) + plain


def ascii_text(text: str, longest: int) -> str:
    """A text as CloudWatch takes it in metrics: printable ASCII, not beginning with a colon (API, Dimension).

    longest: characters that are kept.
    """
    if not (text.isascii() and text.isprintable()):
        text = "".join(character if " " <= character <= "~" else "?" for character in text)
    return text.strip().lstrip(":").strip()[:longest].strip()
