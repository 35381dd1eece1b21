"""A configuration document in a file, for commands that go by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from watchpost import configuration
from watchpost.errors import ConfigurationError

from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    from watchpost.configuration import Configuration


def read(path: str | None) -> Configuration:
    """The configuration in a file of YAML or JSON; the defaults where no file is given.

    Raises CliError for a file that cannot be read, is neither, or holds a mistake, which is named with its path.
    """
    if path is None:
        return configuration.parse("{}")
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return configuration.parse(json.dumps({} if document is None else document))
    except OSError as error:
        raise CliError(f"{path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, TypeError) as error:
        raise CliError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    except ConfigurationError as error:
        raise CliError(f"{path}: {error}") from None
