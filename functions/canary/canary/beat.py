"""The dead-man's switch: one request to an address outside, which says nothing but that it came.

Nothing here shows the URL.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

from watchpost import outside
from watchpost.addresses import PrivateAddressError
from watchpost.errors import ConfigurationError

from canary.findings import HEARTBEAT, Finding

if TYPE_CHECKING:
    from watchpost.heartbeat import Heartbeat

TIMEOUT = 5.0  # seconds for a connection, and for the answer
ANSWER = 1_024  # bytes of an answer that are read


def ping(heartbeat: Heartbeat, timeout: float = TIMEOUT) -> Finding | None:
    """Ask for the address once; what is wrong with that."""
    try:
        status = outside.send(outside.Request("GET", heartbeat.url), heartbeat, timeout, ANSWER).status
    except PrivateAddressError as error:
        return warning(f"its host is not called: {error}")
    except ConfigurationError as error:  # of the proxy; it holds no address
        return warning(str(error))
    except (OSError, http.client.HTTPException, ValueError) as error:  # their words may hold the address
        return warning(f"it was not answered: {type(error).__name__}")
    return None if 200 <= status < 300 else warning(f"it was answered with HTTP {status}")


def warning(why: str) -> Finding:
    """A heartbeat that was not sent."""
    todo = "Check the field `heartbeat` of the secret of notifications, and the service behind it: docs/canary.md."
    return Finding(HEARTBEAT, f"the outside heartbeat could not be sent: {why}", todo, is_warning=True)
