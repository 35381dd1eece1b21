"""Installs what the repository needs into `.local/venv`, with the standard library only.

    python3 local/bootstrap.py [project] [emulator] [sam] [checkov]

Without names it makes the first three; checkov is for `make lint` only, which names it. An environment is made again
only when its locked requirements or the Python changed. The syntax stays old enough for a Python that is too old to be
told so.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
NEWEST = (3, 14)
ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
ENVIRONMENTS = ("project", "emulator", "sam")
NEEDED_BYTES = 2 * 1024**3  # what the environments, Elasticsearch and its data take, with room to spare
NETWORK = "The first run needs the network: check it, then run the command again."


class SetupError(Exception):
    """Something that the person at the keyboard can mend; the message says what to do."""


def main(names: "list[str]") -> None:
    """Make the named environments, or all of them."""
    check_machine()
    (LOCAL / "cache").mkdir(parents=True, exist_ok=True)
    ensure_uv()
    for name in names or ENVIRONMENTS:
        ensure_environment(name)


def check_machine() -> None:
    """Refuse a Python or a disk that cannot do."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        wanted = "{}.{} to {}.{}".format(*OLDEST, *NEWEST)
        found = "{}.{}".format(*sys.version_info[:2])
        raise SetupError(
            f"Python {wanted} is needed, this is {found} ({sys.executable}). Name another one: make PYTHON=python3.13 …"
        )
    free = shutil.disk_usage(str(ROOT)).free
    if free < NEEDED_BYTES and not (LOCAL / "venv").is_dir():
        raise SetupError(
            f"{NEEDED_BYTES / 1e9:.1f} GB of disk space are needed here and {free / 1e9:.1f} GB are free. "
            "Make room, then run the command again."
        )


def folder_of(name: str) -> Path:
    """Where an environment lies."""
    return LOCAL / "venv" / name


def python_of(name: str) -> str:
    """The interpreter of an environment."""
    return str(folder_of(name) / "bin" / "python")


def fingerprint(*files: str) -> str:
    """A digest of the Python and of the files that an environment is made from."""
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update((ROOT / file).read_bytes())
    return digest.hexdigest()


def is_current(name: str, wanted: str) -> bool:
    """Whether an environment was made, to its end, from these files."""
    try:
        return (folder_of(name) / "fingerprint").read_text() == wanted
    except OSError:
        return False


def remember(name: str, value: str) -> None:
    """Note what an environment was made from, as the last step of making it."""
    (folder_of(name) / "fingerprint").write_text(value)


def ensure_uv() -> None:
    """Install uv, which then installs everything else."""
    wanted = fingerprint("requirements/bootstrap.txt")
    if is_current("uv", wanted):
        return
    folder = folder_of("uv")
    shutil.rmtree(str(folder), ignore_errors=True)
    hint = "Python's own module venv is missing or broken: install it (on Debian and Ubuntu: python3-venv)."
    run("Making a Python environment", [sys.executable, "-m", "venv", str(folder)], hint)
    requirements = str(ROOT / "requirements" / "bootstrap.txt")
    command = [python_of("uv"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run("Installing the installer", [*command, "--require-hashes", "-r", requirements], NETWORK)
    remember("uv", wanted)


def ensure_environment(name: str) -> None:
    """Make an environment from its locked requirements."""
    files = [f"requirements/{name}.txt"] + (["pyproject.toml"] if name == "project" else [])
    wanted = fingerprint(*files)
    if is_current(name, wanted):
        return
    folder = folder_of(name)
    shutil.rmtree(str(folder), ignore_errors=True)
    uv = str(folder_of("uv") / "bin" / "uv")
    seed = ["--seed"] if name == "project" else []  # its pip builds the core layer
    make = [uv, "venv", "--quiet", *seed, "--python", sys.executable, str(folder)]
    run(f"Making the environment {name}", make, NETWORK)
    install = [uv, "pip", "install", "--quiet", "--python", python_of(name)]
    requirements = str(ROOT / "requirements" / f"{name}.txt")
    run(f"Installing the environment {name}", [*install, "--require-hashes", "-r", requirements], NETWORK)
    if name == "project":
        editable = [*install, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
        run("Installing Watchpost's packages", editable, "This is a fault of pyproject.toml.")
    remember(name, wanted)


def installer_environment() -> "dict[str, str]":
    """The environment for uv, which reads other variables than pip: whoever set pip up for a mirror need not know."""
    environment = dict(os.environ)
    environment.setdefault("UV_CACHE_DIR", str(LOCAL / "cache" / "uv"))
    environment.setdefault("UV_PYTHON_DOWNLOADS", "never")
    environment.setdefault("UV_NO_CONFIG", "1")
    if environment.get("PIP_CERT"):
        environment.setdefault("SSL_CERT_FILE", environment["PIP_CERT"])
    index = environment.get("PIP_INDEX_URL") or pip_setting("global.index-url")
    if index:
        environment.setdefault("UV_DEFAULT_INDEX", index)
    environment.pop("VIRTUAL_ENV", None)
    return environment


def pip_setting(name: str) -> str:
    """What pip is configured with, or nothing."""
    command = [sys.executable, "-m", "pip", "config", "get", name]
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return answer.stdout.decode().strip() if answer.returncode == 0 else ""


def run(what: str, command: "list[str]", hint: str) -> None:
    """Run a step and show how long it took. Raises SetupError with the end of its output and the hint."""
    started = time.time()
    sys.stderr.write(f"  {what} …")
    sys.stderr.flush()
    log = LOCAL / "setup.log"
    with log.open("ab") as stream:
        code = subprocess.run(
            command, stdout=stream, stderr=stream, env=installer_environment(), check=False
        ).returncode
    sys.stderr.write(f" {time.time() - started:.1f} s\n")
    if code:
        lines = log.read_bytes().decode(errors="replace").strip().splitlines()
        telling = [line[:200] for line in lines if "Retrying" not in line]
        sys.stderr.write("".join(f"    | {line}\n" for line in telling[-4:]))
        if any("No space left" in line for line in telling[-20:]):
            hint = "The disk is full: make room, then run the command again."
        raise SetupError(f"{what} failed. {hint} All of its output is in {log.relative_to(ROOT)}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SetupError as error:
        sys.exit(f"watchpost: {error}")
    except OSError as error:
        sys.exit(f"watchpost: setting up failed: {error}. Check the disk and its permissions, then run it again.")
    except KeyboardInterrupt:
        sys.exit("\nwatchpost: interrupted; run the command again to go on.")
