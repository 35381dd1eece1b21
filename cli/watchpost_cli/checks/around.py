"""What the checks look at, read once for all of them: the stack, its secrets, its configuration, its cluster."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
from watchpost.aws import code_of
from watchpost.configuration import Document, Source, stored
from watchpost.elasticsearch import Cluster
from watchpost.secrets import Secret

from watchpost_cli import reach, stack
from watchpost_cli.checks.model import NotAllowedError, UnknownError
from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from watchpost_cli.stack import Deployed

# Seconds. A check must not wait for long: what does not answer is what it is to find.
CONNECT, READ = 3, 8
# What AWS answers to who may not ask (each service has its own word; the number is that of requests without a body).
DENIED = frozenset(
    {
        *("AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException"),
        *("UnauthorizedOperation", "NotAuthorized", "403"),
    }
)
# Outputs of the stack, and the variable of its functions that says the same.
OUTPUTS: Mapping[str, str] = {
    "ElasticsearchSecret": "ELASTICSEARCH_SECRET",
    "NotificationSecret": "NOTIFICATION_SECRET",
    "ConfigParameter": "CONFIG_PARAMETER",
    "LedgerTable": "LEDGER_TABLE",
    "DeadLetterBucket": "DEAD_LETTER_BUCKET",
    "CriticalTopic": "CRITICAL_TOPIC",
    "WarningTopic": "WARNING_TOPIC",
    "FallbackTopic": "FALLBACK_TOPIC",
    "MailTopic": "MAIL_TOPIC",
    "IncidentTable": "INCIDENT_TABLE",
}
# Likewise parameters.
PARAMETERS: Mapping[str, str] = {
    "ElasticsearchUrl": "ELASTICSEARCH_URL",
    "Environment": "ENVIRONMENT",
    "KibanaUrl": "KIBANA_URL",
    "KibanaSpace": "KIBANA_SPACE",
    "KibanaSecret": "KIBANA_SECRET",
}
# Variables of the shell by which the cluster is reached in another way than the stack's functions do.
IN_SHELL = ("ELASTICSEARCH_URL", "ELASTICSEARCH_API_KEY", "ELASTICSEARCH_USERNAME")
DESCRIBE = "cloudformation:DescribeStacks"
FUNCTION = "lambda:GetFunctionConfiguration"
PARAMETER = "ssm:GetParameter"
SECRET = "secretsmanager:GetSecretValue"  # noqa: S105  # the name of an action


@contextmanager
def needing(permission: str) -> Iterator[None]:
    """Turn a refusal of AWS into NotAllowedError. permission: what the calls in the block need, and on what."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in DENIED:
            raise
        raise NotAllowedError(permission) from None


@dataclass
class Around:
    """A stack as whoever typed the command sees it. Safe for threads: each thing is read once, whoever asks first.

    environ: the shell's variables. now: seconds since 1970.
    kibana: address of a Kibana that is looked at instead of the stack's. definitions: their folder, None for those of
    this installation.
    """

    stack: str
    environ: Mapping[str, str]
    now: Callable[[], float]
    kibana: str = ""
    definitions: str | None = None
    _kept: dict[str, tuple[Any, Exception | None]] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def once(self, name: str, read: Callable[[], Any]) -> Any:
        """What `read` returns or raises, the same for everybody who asks by this name."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._kept:
                self._kept[name] = _outcome(read)
        value, error = self._kept[name]
        if error is not None:
            raise error
        return value

    def client(self, service: str) -> Any:
        """A client of AWS, which asks twice at most. The session that makes them is not safe for threads."""

        def made() -> Any:
            session = self._session()
            with self._lock:
                return session.client(service, config=_CONFIG)  # type: ignore[call-overload]  # the stub knows literal names only

        return self.once(f"client {service}", made)

    def check_shell(self) -> None:
        """That there are credentials and a region: without them nothing can be looked at. Raises CliError."""
        session = self._session()
        try:
            if session.get_credentials() is None:
                raise NoCredentialsError
            if session.region_name is None:
                raise NoRegionError
        except BotoCoreError as error:
            raise CliError(f"Nothing can be looked at: {stack.told(error)}") from None

    def _session(self) -> boto3.Session:
        return self.once("session", _session)  # type: ignore[no-any-return]

    def deployed(self) -> Deployed:
        """The stack. Raises NotAllowedError, and UnknownError when there is none."""
        return self.once("stack", self._deployed)  # type: ignore[no-any-return]

    def _deployed(self) -> Deployed:
        try:
            with needing(f"{DESCRIBE} on the stack {self.stack}"):
                found = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if code_of(error) != "ValidationError":
                raise
            found = []
        if not found:
            raise UnknownError(f"there is no stack {self.stack} in this account and region")
        return stack.described_as(self.stack, found[0])

    def value(self, name: str) -> str:
        """An output or parameter of the stack, from its functions where the stack may not be read; "" without one.

        Raises NotAllowedError when neither may be.
        """
        try:
            deployed = self.deployed()
        except NotAllowedError:
            return str(self._variables().get({**OUTPUTS, **PARAMETERS}[name], ""))
        return deployed.outputs.get(name) or deployed.parameters.get(name, "")

    def needed(self, name: str) -> str:
        """The same, where nothing can be looked at without it. Raises UnknownError too."""
        found = self.value(name)
        if not found:
            raise UnknownError(f"the stack has no output or parameter {name}: deploy a newer version")
        return found

    def _variables(self) -> Mapping[str, str]:
        """What the provisioner is set to, which is what all functions are."""
        name = f"{self.stack}-provisioner"

        def read() -> Any:
            with needing(f"{DESCRIBE} on the stack {self.stack}, or {FUNCTION} on {name}"):
                return self.client("lambda").get_function_configuration(FunctionName=name)

        return self.once("variables", read).get("Environment", {}).get("Variables", {})  # type: ignore[no-any-return]

    def place(self) -> tuple[str, str]:
        """Region and account of the stack, "" where they are not known."""
        try:
            arn = self.deployed().arn
        except NotAllowedError:
            arn = self._variables().get("SHIPPER_ARN", "")
        parts = [*arn.split(":"), *[""] * 5]
        return parts[3], parts[4]

    def secret(self, reference: str) -> Secret:
        """A secret that is a JSON object. Raises NotAllowedError, ClientError, and ValueError when it is none."""

        def read() -> Secret:
            with needing(f"{SECRET} on {reference}"):
                text = self.client("secretsmanager").get_secret_value(SecretId=reference).get("SecretString", "")
            values = json.loads(text)
            if not isinstance(values, dict):
                raise ValueError("it is no JSON object")  # noqa: TRY004  # as of what is no JSON at all
            return Secret(reference, values)

        return self.once(f"secret {reference}", read)  # type: ignore[no-any-return]

    def source(self) -> Source:
        """The configuration, already read once. Raises NotAllowedError, ClientError and ConfigurationError."""
        return self.once("configuration", self._source)  # type: ignore[no-any-return]

    def _source(self) -> Source:
        name = self.needed("ConfigParameter")

        def read(full_name: str) -> Any:
            with needing(f"{PARAMETER} on {name}"):
                return self.client("ssm").get_parameter(Name=full_name)["Parameter"]

        def earlier(version: int) -> str | None:
            try:
                return str(read(f"{name}:{version}")["Value"])
            except ClientError as error:
                if code_of(error) != "ParameterVersionNotFound":
                    raise
                return None

        def fetch(pointer: stored.Pointer) -> bytes:
            with needing(f"s3:GetObject on {pointer.bucket}/{pointer.key}, and kms:Decrypt"):
                return stored.read(self.client("s3"), pointer)

        def newest() -> Document:
            found = read(name)
            return Document(found["Value"], found.get("Version", 0))

        made = Source(newest, earlier=earlier, resolve=lambda text: stored.resolve(text, fetch))
        made.get()
        return made

    def cluster(self) -> Cluster:
        """The stack's cluster. Raises NotAllowedError, and ConfigurationError or CliError for wrong credentials."""
        return self.once("cluster", self._cluster)  # type: ignore[no-any-return]

    def _cluster(self) -> Cluster:
        if any(self.environ.get(name) for name in IN_SHELL):
            return reach.cluster(self.deployed())
        url = self.needed("ElasticsearchUrl")
        secret = self.environ.get(reach.SECRET) or self.needed("ElasticsearchSecret")
        return Cluster.connect(url, self.secret(secret))


_CONFIG = Config(connect_timeout=CONNECT, read_timeout=READ, retries={"total_max_attempts": 2, "mode": "standard"})


def _session() -> boto3.Session:
    """The session of this process, as all commands have it. Raises CliError, as for a profile that there is not."""
    try:
        if boto3.DEFAULT_SESSION is None:
            boto3.setup_default_session()
        return boto3.DEFAULT_SESSION or boto3.Session()
    except BotoCoreError as error:
        raise CliError(f"AWS cannot be reached: {stack.told(error)}") from None


def _outcome(read: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return read(), None
    except Exception as error:  # noqa: BLE001  # kept for everybody who asks, and raised there
        return None, error
