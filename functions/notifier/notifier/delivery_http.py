"""One HTTP request to a receiver. Nothing here may show a URL, which may be a secret: only kinds of errors are told."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchpost import outside
from watchpost.addresses import PrivateAddressError
from watchpost.errors import ConfigurationError
from watchpost.times import retry_after

if TYPE_CHECKING:
    from notifier.channels.call import Call
    from notifier.receivers import Receiver

ANSWER = 65_536  # bytes of an answer that are read


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. retry_after: seconds, None when the receiver does not say."""

    status: int
    body: bytes
    retry_after: float | None


class NoAnswerError(Exception):
    """No answer came. The message is the kind of fault. may_retry: whether one may come later."""

    def __init__(self, reason: str, *, may_retry: bool) -> None:
        super().__init__(reason)
        self.may_retry = may_retry


def request(call: Call, receiver: Receiver, timeout: float) -> Answer:
    """Make a call once.

    timeout: seconds for a connection, and for each wait for a part of the answer. Raises NoAnswerError.
    """
    try:
        return _request(call, receiver, timeout)
    except PrivateAddressError as error:
        raise NoAnswerError(str(error), may_retry=False) from None
    except ssl.SSLCertVerificationError as error:
        raise NoAnswerError(type(error).__name__, may_retry=False) from None
    except (OSError, http.client.HTTPException) as error:  # among them those of TLS, of names, and time-outs
        raise NoAnswerError(type(error).__name__, may_retry=not isinstance(error, http.client.InvalidURL)) from None
    except ConfigurationError as error:  # of the proxy; it holds no address of a receiver
        raise NoAnswerError(str(error), may_retry=False) from None
    except ValueError as error:  # an address that cannot be called, or a header that cannot be sent
        raise NoAnswerError(type(error).__name__, may_retry=False) from None


def _request(call: Call, receiver: Receiver, timeout: float) -> Answer:
    sent = outside.Request(call.method, call.url, call.headers, call.body)
    answer = outside.send(sent, receiver, timeout, ANSWER)
    return Answer(answer.status, answer.body, retry_after(answer.headers.get("retry-after")))
