"""Addresses of pages that show what a message or a terminal talks about: the AWS console and Kibana. Pure.

Whatever a name holds, it ends up in its own place of the address: every part is percent-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import prison  # type: ignore[import-untyped]  # it has no type information

from watchpost.errors import PayloadError
from watchpost.times import iso

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A partition's console: the one place that names them. Those of isolated partitions are not published; for them the
# address is that of `aws`, on dashboards as in messages: no receiver takes a message whose link is empty.
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-eusc": "console.amazonaws-eusc.eu",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
LOG_GROUPS_PER_QUERY = 50  # CloudWatch Logs API, StartQuery
COLUMNS = ("log.level", "message")


def console_host(partition: str) -> str:
    """The host of the AWS console in a partition, without a region in front."""
    return _CONSOLES.get(partition, _CONSOLES["aws"])


@dataclass(frozen=True, slots=True)
class Console:
    """The AWS console of a region. partition: `aws`, `aws-us-gov`, `aws-cn`, `aws-eusc`."""

    region: str
    partition: str

    def alarm(self, name: str) -> str:
        """An alarm, plain or composite."""
        return self._cloudwatch(f"alarmsV2:alarm/{_encoded(name)}")

    def dashboard(self, name: str) -> str:
        """A CloudWatch dashboard."""
        return self._cloudwatch(f"dashboards/dashboard/{_encoded(name)}")

    def function(self, name: str) -> str:
        """A Lambda function."""
        return self._home("lambda", f"/functions/{_encoded(name)}")

    def log_stream(self, group: str, stream: str, at: datetime | None = None) -> str:
        """The events of a log stream. at: from which on (aware); None for all."""
        since = f"$3Fstart$3D{_milliseconds(at)}" if at else ""
        return self._cloudwatch(f"logsV2:log-groups/log-group/{_twice(group)}/log-events/{_twice(stream)}{since}")

    def logs_insights(self, groups: Sequence[str], query: str, start: datetime, end: datetime) -> str:
        """Logs Insights with a query written into it, to be run by hand. The first 50 groups are searched.

        groups: names or ARNs. start, end: aware.
        """
        detail = {
            "end": iso(end),
            "start": iso(start),
            "timeType": "ABSOLUTE",
            "tz": "UTC",
            "editorString": query,
            "source": list(groups[:LOG_GROUPS_PER_QUERY]),
        }
        return self._cloudwatch(f"logsV2:logs-insights$3FqueryDetail$3D{_jsurl(detail)}")

    def _cloudwatch(self, fragment: str) -> str:
        return self._home("cloudwatch", fragment)

    def _home(self, service: str, fragment: str) -> str:
        return f"https://{self.region}.{console_host(self.partition)}/{service}/home?region={self.region}#{fragment}"


def discover(  # noqa: PLR0913  # each is a part of the address, and all after the second are named
    kibana_url: str,
    data_view_id: str,
    *,
    start: datetime | str,
    end: datetime | str,
    query: str,
    columns: Sequence[str] = COLUMNS,
    space: str = "",
) -> str:
    """Kibana's Discover with a query, newest first.

    kibana_url: of the setting, without space. start, end: aware, or Kibana's own words such as `now-1h` and `now`.
    query: in the Kibana Query Language. space: "" for the default one.
    """
    state = {
        "columns": list(columns),
        "dataSource": {"dataViewId": data_view_id, "type": "dataView"},
        "filters": [],
        "interval": "auto",
        "query": {"language": "kuery", "query": query},
        "sort": [["@timestamp", "desc"]],
    }
    return f"{_kibana(kibana_url, space)}/app/discover#/?_g={_rison(_time(start, end))}&_a={_rison(state)}"


def kibana_dashboard(
    kibana_url: str,
    dashboard_id: str,
    *,
    start: datetime | str | None = None,
    end: datetime | str | None = None,
    space: str = "",
) -> str:
    """A dashboard in Kibana; with the time stored in it unless both start and end are given (as for discover)."""
    address = f"{_kibana(kibana_url, space)}/app/dashboards#/view/{_encoded(dashboard_id)}"
    return address if start is None or end is None else f"{address}?_g={_rison(_time(start, end))}"


def discovered(url: str) -> dict[str, Any]:
    """What a Discover link shows: `data_view_id`, `query`, `start`, `end` and `columns`.

    start and end are datetimes in UTC, or Kibana's own words. Raises PayloadError when it is no such link.
    """
    try:
        parameters = dict(part.split("=", 1) for part in url.split("#", 1)[1].split("?", 1)[1].split("&"))
        time = prison.loads(unquote(parameters["_g"]))["time"]
        state = prison.loads(unquote(parameters["_a"]))
        return {
            "data_view_id": state["dataSource"]["dataViewId"],
            "query": state["query"]["query"],
            "start": _moment(time["from"]),
            "end": _moment(time["to"]),
            "columns": tuple(state["columns"]),
        }
    # The decoder stumbles over a broken text in ways of its own.
    except (prison.decoder.ParserException, IndexError, KeyError, TypeError, ValueError, RecursionError):
        expected = "…/app/discover#/?_g=(time:(from:…,to:…))&_a=(columns:…,dataSource:…,query:…)"
        raise PayloadError("no-discover-link", expected) from None


def _kibana(url: str, space: str) -> str:
    base = url.rstrip("/")
    return f"{base}/s/{_encoded(space)}" if space and space != "default" else base


def _time(start: datetime | str, end: datetime | str) -> dict[str, Any]:
    return {"time": {"from": _kibana_time(start), "to": _kibana_time(end)}}


def _kibana_time(moment: datetime | str) -> str:
    return moment if isinstance(moment, str) else iso(moment)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def _moment(text: str) -> datetime | str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo else text  # without a zone it is the reader's own, whoever that is


def _encoded(text: str) -> str:
    """Percent-encoded, so that nothing in it means anything; half a character is sent as `?`."""
    return quote(text, safe="", errors="replace")


def _twice(text: str) -> str:
    """As the CloudWatch console wants names in its log pages: percent-encoded twice, with $ for %."""
    return _encoded(_encoded(text)).replace("%", "$")


def _rison(value: Mapping[str, Any]) -> str:
    return _encoded(_written(value))


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return f"({','.join(f'{name}:{_written(part)}' for name, part in value.items())})"
    if isinstance(value, list):
        return f"!({','.join(map(_written, value))})"
    # prison forgets the quotes of a text whose first line needs none; behind a blank it never does.
    return "'" + prison.dumps(f" {value}")[2:] if "\n" in value else str(prison.dumps(value))


def _jsurl(value: Any) -> str:
    """As the CloudWatch console writes objects into its address: the form of github.com/Sage/jsurl."""
    if isinstance(value, dict):
        return f"~({'~'.join(name + _jsurl(part) for name, part in value.items())})"
    if isinstance(value, list):
        return f"~({''.join(map(_jsurl, value)) or '~'})"
    return "~'" + "".join(map(_jsurl_character, value))


def _jsurl_character(character: str) -> str:
    if character.isascii() and (character.isalnum() or character in "_-."):
        return character
    if character == "$":
        return "!"
    if character < "\u0100":
        return f"*{ord(character):02x}"
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"**{units[start : start + 4]}" for start in range(0, len(units), 4))
