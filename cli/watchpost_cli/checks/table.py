"""All checks, and how they are run: at the same time, each with a limit, none in the way of another."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import requests
from botocore.exceptions import BotoCoreError, ClientError
from watchpost.errors import WatchpostError

from watchpost_cli.checks import canary, deployment, kibana, shipping, storage, telling
from watchpost_cli.checks.model import Finding, NotAllowedError, Result, UnknownError, failed, refused, skipped
from watchpost_cli.errors import CliError
from watchpost_cli.stack import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchpost_cli.checks.around import Around
    from watchpost_cli.checks.model import Check

LIMIT = 25.0  # seconds of a check: longer than an AWS call with its second attempt takes (2 x 11 s)
# From the ground up: what is broken first may be the cause of what follows.
CHECKS: tuple[Check, ...] = (
    *deployment.CHECKS,
    *storage.CHECKS,
    *kibana.CHECKS,
    *telling.CHECKS[:1],
    *shipping.CHECKS[:2],
    *telling.CHECKS[1:],
    canary.CHECK,
    *shipping.CHECKS[2:],
)


@dataclass
class _Running:
    """A check in a thread of its own, which ends with the process where it hangs."""

    check: Check
    around: Around
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name=self.check.name, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            for finding in self.check.run(self.around):
                self.findings.append(finding)  # those before an error, or the limit, are kept
        except NotAllowedError as error:
            self.findings.append(refused(error))
        except Exception as error:  # noqa: BLE001  # one broken check never hides the others
            self.findings.append(_broken(error))


def run(around: Around, checks: Sequence[Check] = CHECKS, limit: float = LIMIT) -> list[Result]:
    """Run checks. limit: seconds after which one is given up. What they find is in the order of the checks."""
    began = time.monotonic()
    running = [_Running(check, around) for check in checks]
    results = []
    for one in running:
        one.thread.join(max(began + limit - time.monotonic(), 0))
        late = one.thread.is_alive()
        findings = list(one.findings)
        if late:
            findings.append(
                failed(f"no answer within {limit:g} s", "Something hangs: look at the network, and try again.")
            )
        results.append(Result(one.check.name, tuple(dict.fromkeys(findings))))  # what holds for many is told once
    return results


def _broken(error: Exception) -> Finding:
    """What to say of a check that could not go on."""
    if isinstance(error, UnknownError):
        return skipped(f"not known: {error}", "See the check stack.")
    if isinstance(error, BotoCoreError):  # raised on this machine, unlike what AWS answers
        return replace(failed(f"AWS: {told(error)}", "Check credentials and network, and try again."), unreached=True)
    if isinstance(error, ClientError):
        return failed(f"AWS: {told(error)}", "See the AWS service that is named, and try again.")
    if isinstance(error, requests.RequestException):
        return failed(_of_requests(error), "Check the address, the network between, and the certificate.")
    if isinstance(error, (WatchpostError, CliError)):
        return failed(str(error), _TODO.get(type(error).__name__, "Mend what is named, and try again."))
    said = " ".join(str(error).split())[:300]
    return failed(f"the check itself failed: {type(error).__name__}: {said}", "Tell Watchpost's maintainers.")


_TODO = {
    "ClusterUnavailableError": "Check that it runs, its address (parameter ElasticsearchUrl), the network between, and "
    "the certificate. Meanwhile lines go to the dead letters, and CloudWatch Logs Insights has them.",
    "ClusterRefusedError": "Give the API key or user what docs/elasticsearch.md lists.",
}


def _of_requests(error: requests.RequestException) -> str:
    """What went wrong, without what the library says of its own inside."""
    url = error.request.url if error.request is not None else ""
    kinds = ((requests.exceptions.SSLError, "its certificate is not trusted"), (requests.Timeout, "no answer in time"))
    why = next((text for kind, text in kinds if isinstance(error, kind)), "no connection")
    return f"{url} cannot be reached: {why}"
