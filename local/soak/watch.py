"""The processes of the shipper, as the kernel sees them: memory, descriptors, sockets. From /proc, so on Linux only."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """One process at one time."""

    rss_mb: float
    descriptors: int  # open files, pipes and sockets
    sockets: int  # of those


@dataclass(frozen=True, slots=True)
class Sample:
    """All warm environments at one time."""

    at: float  # seconds since the soak began
    environments: dict[int, Reading]  # by process number
    lag: float | None  # seconds, age of the newest line that a search finds; None when it found none


def environments(parent: int, variables: dict[str, str]) -> dict[int, Reading]:
    """The children of a process that were started with these variables; nothing where there is no /proc."""
    wanted = {f"{name}={value}".encode() for name, value in variables.items()}
    found = {}
    for folder in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile, or is somebody else's
            if _parent(folder) == parent and wanted <= set((folder / "environ").read_bytes().split(b"\0")):
                found[int(folder.name)] = reading(int(folder.name))
    return found


def reading(process: int) -> Reading:
    """What a process has. Raises OSError when it has ended."""
    folder = PROC / str(process)
    pages = int((folder / "statm").read_text().split()[1])
    kinds = []
    for entry in (folder / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            kinds.append(str(entry.readlink()))
    return Reading(pages * _PAGE / _MIB, len(kinds), sum(kind.startswith("socket:") for kind in kinds))


def _parent(folder: Path) -> int:
    # The name in parentheses may hold anything; what comes after the last one is numbers.
    return int((folder / "stat").read_bytes().rpartition(b")")[2].split()[1])


@dataclass(slots=True)
class Watch:
    """Takes samples in a thread of its own."""

    look: Callable[[], dict[int, Reading]]
    lag: Callable[[], float | None]
    period: float  # seconds
    samples: list[Sample] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def now(self) -> float:
        """Seconds since the soak began."""
        return time.monotonic() - self.began

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Take samples for the length of a block."""
        over = threading.Event()

        def work() -> None:
            while not over.wait(self.period):
                self.samples.append(Sample(self.now(), self.look(), self.lag()))

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
