"""What goes wrong on one machine, said so that a person can act on it."""

from __future__ import annotations


class LocalError(Exception):
    """One clear sentence about what is wrong, and one about what to do.

    Attributes: problem, remedy.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}")
        self.problem = problem
        self.remedy = remedy
