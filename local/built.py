"""Functions as they were built, in an interpreter as clean as Lambda's."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from local.state import BUILD

# What the Lambda runtime brings along: boto3 and what it needs.
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
LAYERS = {"provisioner": ("CoreLayer", "DefinitionsLayer")}


def link_runtime(folder: Path) -> Path:
    """Fill a folder with boto3 and what it needs, and nothing else."""
    for name in RUNTIME:
        source = Path(sysconfig.get_path("purelib")) / name
        if source.exists():
            (folder / name).symlink_to(source)
    return folder


def folders(component: str) -> list[Path]:
    """The folders of a built function: its package and its layers."""
    layers = LAYERS.get(component, ("CoreLayer",))
    return [BUILD / f"{component.capitalize()}Function", *(BUILD / layer / "python" for layer in layers)]


def run(component: str, runtime: Path, script: str, *more: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in a new interpreter that sees the function, its layers and the runtime's packages only.

    runtime: the folder that link_runtime filled. more: folders that the script needs besides.
    """
    path = [str(folder) for folder in (*folders(component), runtime, *more)]
    return subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", f"import sys; sys.path[:0] = {path!r}\n{script}"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
