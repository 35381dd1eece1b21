"""Libraries that are to be patched when the service imports them, and not before: it may never do so."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any

from watchpost_client.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    Patch = Callable[[ModuleType], None]

WHERE = "passing-import"  # for failures


def when_imported(name: str, patch: Patch) -> None:
    """Call a function with a module: at once where it is imported already, else as soon as it is.

    A finder before all others looks for it as they do and has it patched behind its own loading. So nobody can use the
    library before; a look at the begin of each invocation would miss what a handler imports when it needs it.
    """
    module = sys.modules.get(name)
    if module is not None:
        with guarded(WHERE):
            patch(module)
        return
    for finder in sys.meta_path:
        if isinstance(finder, _Finder):
            finder.waiting[name] = patch
            return
    sys.meta_path.insert(0, _Finder({name: patch}))


class _Finder(MetaPathFinder):
    """Finds what the other finders find, for the names that somebody waits for."""

    def __init__(self, waiting: dict[str, Patch]) -> None:
        self.waiting = waiting

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.waiting:
            return None
        for finder in list(sys.meta_path):
            if isinstance(finder, _Finder) or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                with guarded(WHERE):
                    self._patch_behind(spec)
                return spec
        return None

    def _patch_behind(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        name, execute = spec.name, loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            # A loader may load several modules, and one of them again.
            patch = self.waiting.pop(name, None) if module.__name__ == name else None
            if patch is not None:
                with guarded(WHERE):
                    patch(module)

        loader.exec_module = exec_module
