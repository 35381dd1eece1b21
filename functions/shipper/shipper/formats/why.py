"""Why a line was taken for what it is, noted only when somebody asks."""

from __future__ import annotations

Why = list[str] | None  # one short phrase for each recogniser, from the outermost to the innermost; None: nobody asks
