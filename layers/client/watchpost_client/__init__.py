"""What a service attaches to be watched well: metrics, correlated logs, configuration.

    from watchpost_client import config, correlation, handler, instrument, logger, metrics, records

`metrics`, `correlation`, `config` and `records` are modules, the others functions. Each is imported at its first use.
Nothing here ever breaks the service it is attached to (see `guard`).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchpost_client import config, correlation, metrics, records
    from watchpost_client.entry import handler
    from watchpost_client.logs import logger
    from watchpost_client.passing import instrument

__version__ = "0.1.0"
__all__ = ["__version__", "config", "correlation", "handler", "instrument", "logger", "metrics", "records"]

_FUNCTIONS = {"handler": "entry", "logger": "logs", "instrument": "passing"}


def __getattr__(name: str) -> Any:
    """Import a part at its first use: a service that only counts pays for nothing else."""
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(f"{__name__}.{_FUNCTIONS[name]}"), name)
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
