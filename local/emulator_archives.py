"""The code of functions and layers is unpacked once in the AWS emulator, and not again for every environment.

The emulator is one process. When fifty invocations came at once it unpacked some thousands of files for each of them,
in as many threads, and looked up the way to every file twice: what should take a second took minutes, in which nobody
else was answered. On Lambda a function cannot write into either folder, so that it makes no difference that all have
the same.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
import types
import zipfile
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

_unpacking = threading.Lock()


def mend() -> None:
    """Put this in the place of the module that the emulator unpacks with."""
    lambda_runtime.zipfile = types.SimpleNamespace(**vars(zipfile) | {"ZipFile": _UnpackedOnce})


class _UnpackedOnce(zipfile.ZipFile):
    """An archive whose content is one folder for all, to which the folders lead that it should be unpacked into."""

    def namelist(self) -> list[str]:
        # Each name would be followed to see whether it leaves the folder. None does: see ZipFile.extract.
        return []

    def extractall(self, path: Any = None, *_: Any, **__: Any) -> None:
        with Path(str(self.filename)).open("rb") as archive:
            digest = hashlib.file_digest(archive, "sha256").hexdigest()
        folder = Path(tempfile.gettempdir(), "unpacked", digest)
        with _unpacking:
            if not folder.exists():
                beginning = folder.with_suffix(".part")
                super().extractall(beginning, super().namelist())
                beginning.rename(folder)
        Path(path).rmdir()
        Path(path).symlink_to(folder)
