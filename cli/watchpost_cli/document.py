"""A configuration document in a file, for commands that go by one. A mistake is told with its line and column."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from watchpost import configuration
from watchpost.configuration import stored
from watchpost.errors import ConfigurationError

from watchpost_cli import places
from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    from watchpost.configuration import Configuration

# Text, or the `<<` that takes over another object's fields: what else YAML takes for a key, JSON has as another text.
_KEYS = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"})


class MistakeError(CliError):
    """A file holds a mistake.

    Attributes: file, place (line and column, from 1 on; None where there is none), and path, found, expected as of
    ConfigurationError; path is "" for what is no YAML.
    """

    def __init__(self, file: str, place: places.Place | None, path: str, found: str, expected: str) -> None:
        where = f"{file}:{place.line}:{place.column}" if place else file
        super().__init__(f"{where}: {path}{': ' if path else ''}found {found}, expected {expected}")
        self.file = file
        self.place = place
        self.path = path
        self.found = found
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Read:
    """A document that was read from a file, and checked."""

    file: str
    root: yaml.Node | None  # of the YAML; None of an empty file
    value: Any  # as JSON has it
    configuration: Configuration

    @property
    def compiled(self) -> str:
        """The document as it is stored."""
        return stored.compiled(self.value)

    def mistake(self, error: ConfigurationError) -> MistakeError:
        """An error about the document, with its place in the file."""
        return _mistake(self.file, self.root, error)


def read(path: str | None) -> Configuration:
    """The configuration in a file of YAML or JSON; the defaults where no file is given.

    Raises CliError for a file that cannot be read, is neither, or holds a mistake, which is named with its path.
    """
    return configuration.parse("{}") if path is None else load(path).configuration


def load(path: str) -> Read:
    """Read a file of YAML or JSON. Raises CliError for one that cannot be read, MistakeError for one that is wrong."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CliError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise CliError(f"{path} is not YAML: it is not UTF-8 at byte {error.start}.") from None
    return parsed(path, text)


def parsed(path: str, text: str) -> Read:
    """Check a text that was read from a file. Raises MistakeError."""
    root = _composed(path, text)
    value = {} if root is None else _value(path, root)
    value = {} if value is None else value
    try:
        return Read(path, root, value, configuration.parse(stored.compiled(value)))
    except ConfigurationError as error:
        raise _mistake(path, root, error) from None


def _composed(path: str, text: str) -> yaml.Node | None:
    """The YAML of a text. Raises MistakeError."""
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(f"{error.problem or error.context}".split())
        raise MistakeError(path, places.of_mark(mark), "", f"text that is not YAML ({said})", "YAML or JSON") from None
    except (yaml.YAMLError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise MistakeError(path, None, "", f"text that is not YAML ({said})", "YAML or JSON") from None
    if root is not None:
        _check_keys(path, root, set())
    return root


def _check_keys(path: str, node: yaml.Node, seen: set[int]) -> None:
    """Refuse what YAML would take silently for something else: a field that is there twice, a key that is no text."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(path, item, seen)
    if not isinstance(node, yaml.MappingNode):
        return
    names: set[str] = set()
    for key, value in node.value:
        place = places.of_mark(key.start_mark)
        if not isinstance(key, yaml.ScalarNode) or key.tag not in _KEYS:
            shown = key.value if isinstance(key, yaml.ScalarNode) else "a list or an object"
            raise MistakeError(path, place, "", f"the name {shown!s:.100}, which is no text", "text: put it in quotes")
        if key.value in names:
            raise MistakeError(path, place, "", f"the field {key.value:.100} a second time", "each field once")
        names.add(key.value)
        _check_keys(path, value, seen)


def _value(path: str, root: yaml.Node) -> Any:
    """What the YAML means, as JSON has it. Raises MistakeError."""
    loader = yaml.SafeLoader("")
    try:
        # What JSON has no form for, such as a date, is a mistake that is told with its place.
        return json.loads(json.dumps(loader.construct_document(root), default=_refused))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(str(error.problem).split())
        raise MistakeError(path, places.of_mark(mark), "", said, "YAML or JSON") from None
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        place = places.of_odd(root)
        raise MistakeError(path, place, "", str(error)[:200], "a text, a number, true, false or null") from None
    finally:
        loader.dispose()


def _refused(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} {value!s:.50}, which is no text unless it is in quotes")


def _mistake(path: str, root: yaml.Node | None, error: ConfigurationError) -> MistakeError:
    place = places.find(root, error.path, key=error.found in (places.UNKNOWN, places.UNKNOWN_ALARM)) if root else None
    return MistakeError(path, place, error.path, error.found, error.expected)
