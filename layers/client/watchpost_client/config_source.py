"""Parameter Store and Secrets Manager, through the parameters of Powertools. Imported when something is read first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.parameters import GetParameterError, SecretsProvider, SSMProvider
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_AGE = 300  # seconds that a value is kept
# Nobody waits longer than some seconds for a value that has a last good one.
_CLIENT = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
_AT_ONCE = 20  # secrets (Secrets Manager API, BatchGetSecretValue)
_GONE = frozenset({"ParameterNotFound", "ResourceNotFoundException"})


class UnreadableError(Exception):
    """A value cannot be read; the message says why, without the value."""

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone  # whether there is none, which is an answer


class _Parameters(SSMProvider):
    def keep(self, name: str, value: str) -> None:
        # Powertools keeps what it reads by several names where its `get` does not look.
        self.add_to_cache(self._build_cache_key(name), value, MAX_AGE)


class _Secrets(SecretsProvider):
    def keep(self, name: str, value: Any) -> None:
        self.add_to_cache(self._build_cache_key(name), value, MAX_AGE)


class Source:
    """The two stores, whose clients are made when they are needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[type, Any] = {}

    def parameter(self, name: str) -> Any:
        """The text of a parameter, decrypted. Raises UnreadableError."""
        try:
            return self._provider(_Parameters).get(name, max_age=MAX_AGE, decrypt=True)
        except (GetParameterError, ClientError, BotoCoreError) as error:
            raise _unreadable(error) from None

    def secret(self, name: str) -> Any:
        """The text of a secret, or its bytes. Raises UnreadableError."""
        try:
            return self._provider(_Secrets).get(name, max_age=MAX_AGE)
        except (GetParameterError, ClientError, BotoCoreError) as error:
            raise _unreadable(error) from None

    def tree(self, name: str) -> dict[str, Any]:
        """All parameters below a path, by what their names have behind it, decrypted. Raises UnreadableError."""
        try:
            found = self._provider(_Parameters).get_multiple(name, max_age=MAX_AGE, decrypt=True, recursive=True)
        except (GetParameterError, ClientError, BotoCoreError) as error:
            raise _unreadable(error) from None
        return dict(found)  # that of Powertools' cache is not to be changed

    def prefetch(self, parameters: Iterable[str], secrets: Iterable[str]) -> None:
        """Read several values in as few calls as there can be. What cannot be read says so when it is asked for."""
        self._several({name: {} for name in parameters})
        wanted = list(dict.fromkeys(secrets))
        for at in range(0, len(wanted), _AT_ONCE):
            self._several_secrets(wanted[at : at + _AT_ONCE])

    def _several(self, names: dict[str, dict[str, Any]]) -> None:
        if not names:
            return
        try:
            provider = self._provider(_Parameters)
            found = provider.get_parameters_by_name(names, max_age=MAX_AGE, decrypt=True, raise_on_error=False)
        except (GetParameterError, ClientError, BotoCoreError):
            return
        for name in names.keys() & found.keys():
            provider.keep(name, found[name])

    def _several_secrets(self, names: list[str]) -> None:
        try:
            provider = self._provider(_Secrets)
            # Powertools asks for several by beginnings of names, which needs the right to list all secrets.
            found = provider.client.batch_get_secret_value(SecretIdList=names)
        except (ClientError, BotoCoreError):
            return
        for secret in found.get("SecretValues", []):
            provider.keep(secret["Name"], secret.get("SecretString", secret.get("SecretBinary")))

    def _provider(self, kind: Any) -> Any:
        with self._lock:
            if kind not in self._made:
                # A session of its own: making clients of the default one in threads is not safe.
                self._made[kind] = kind(boto3_session=boto3.session.Session(), boto_config=_CLIENT)
            return self._made[kind]


def _unreadable(error: Exception) -> UnreadableError:
    """Why, by the name of what AWS or botocore raised: messages may hold names of keys and accounts."""
    # Powertools raises its own error while it handles that one.
    cause = error.__context__ if isinstance(error, GetParameterError) and error.__context__ else error
    code = cause.response.get("Error", {}).get("Code", "") if isinstance(cause, ClientError) else type(cause).__name__
    return UnreadableError(str(code), gone=code in _GONE)
