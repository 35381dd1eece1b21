"""The configuration document that a stack has stored: read it, and store another one in its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watchpost.configuration import stored
from watchpost.errors import ConfigurationError

from watchpost_cli import stack
from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    from watchpost.configuration.stored import Pointer

    from watchpost_cli.stack import Deployed

PARAMETER, BUCKET = "ConfigParameter", "DeadLetterBucket"  # outputs of the stack


@dataclass(frozen=True, slots=True)
class Stored:
    """A version of the document. text: what is stored, which may be anything."""

    parameter: str
    version: int
    text: str
    pointer: Pointer | None  # where the text lies, if not in the parameter itself

    def document(self) -> Any:
        """The document as decoded JSON. Raises CliError when it is none."""
        try:
            return json.loads(self.text or "{}")
        except (ValueError, RecursionError) as error:
            raise CliError(f"Version {self.version} of {self.parameter} is no JSON: {error}.", 1) from None


class Store:
    """Where a stack has its document."""

    def __init__(self, deployed: Deployed) -> None:
        """Find it by the stack's outputs. Nothing is read yet. Raises CliError."""
        self._deployed = deployed
        self.parameter = deployed.output(PARAMETER)
        # One attempt: a write whose answer is lost must not be taken for the write of somebody else.
        self._ssm, self._writing = stack.client("ssm"), stack.client("ssm", attempts=1)

    def read(self, version: int | None = None) -> Stored:
        """A version of the document, the newest where none is given. Raises CliError."""
        name = f"{self.parameter}:{version}" if version else self.parameter
        with stack.reading(f"The configuration {name}"):
            found = self._ssm.get_parameter(Name=name)["Parameter"]
        text, number = str(found["Value"]), int(found.get("Version", 0))
        try:
            pointer = stored.pointer_in(text)
            if pointer is not None:
                with stack.reading(f"The configuration {pointer.text}"):
                    s3 = stack.client("s3")
                    text = stored.resolve(text, lambda to: stored.read(s3, to))
        except ConfigurationError as error:
            raise CliError(f"Version {number} of {self.parameter}: {error}", 1) from None
        return Stored(self.parameter, number, text, pointer)

    def place_of(self, text: str) -> Pointer | None:
        """Where a document of this size goes; None for the parameter itself. Raises CliError when it is too large."""
        size = len(text.encode())
        if size > stored.MOST_IN_BUCKET:
            raise CliError(f"The document has {size:,} bytes as JSON; at most {stored.MOST_IN_BUCKET:,} are taken.")
        if size <= stored.MOST_IN_PARAMETER:
            return None
        return stored.pointer_to(self._deployed.output(BUCKET), text)

    def put(self, text: str, after: Stored) -> int:
        """Store a document as the version after another one, and return its number.

        Raises CliError when it cannot be stored, or somebody stored another version meanwhile.
        """
        pointer = self.place_of(text)
        if pointer is not None:
            with stack.reading(f"The object s3://{pointer.bucket}/{pointer.key}", "written"):
                stack.client("s3").put_object(
                    Bucket=pointer.bucket, Key=pointer.key, Body=text.encode(), ContentType="application/json"
                )
        with stack.reading(f"The configuration {self.parameter}"):
            now = int(self._ssm.get_parameter(Name=self.parameter)["Parameter"].get("Version", 0))
        if now != after.version:
            raise CliError(
                f"Nothing was stored: version {now} was stored since version {after.version} was read. "
                "Look at what it changes (watchpost config diff), and push again.",
                1,
            )
        with stack.reading(f"The parameter {self.parameter}", "written"):
            answer = self._writing.put_parameter(
                Name=self.parameter,
                Value=pointer.text if pointer else text,
                Type="String",
                Tier="Intelligent-Tiering",
                Overwrite=True,
            )
        version = int(answer["Version"])
        if version != after.version + 1:
            # Parameter Store has no write that is conditional, so this is all that can be done about that moment.
            raise CliError(
                f"Version {version} was stored, but somebody else stored version {version - 1} at the same time, "
                f"which is not in it. See it: watchpost config pull --version {version - 1}.",
                1,
            )
        return version
