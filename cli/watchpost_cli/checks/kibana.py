"""Checks of Kibana: the stack's, or any that is named by its address. Nothing is imported or changed."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests
from botocore.exceptions import BotoCoreError, ClientError
from watchpost import login, names
from watchpost.errors import ConfigurationError
from watchpost.secrets import Secret

from watchpost_cli import provisioning
from watchpost_cli.checks.around import SECRET
from watchpost_cli.checks.model import Check, NotAllowedError, UnknownError, failed, ok, refused, skipped, warning
from watchpost_cli.errors import CliError
from watchpost_cli.terminal import counted, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watchpost_cli.checks.around import Around
    from watchpost_cli.checks.model import Finding, Findings

# Variables of the shell, instead of the secret; those of Elasticsearch where these are not set.
KEY, USER, PASSWORD, CA = (f"KIBANA_{name}" for name in ("API_KEY", "USERNAME", "PASSWORD", "CA"))
DATA_VIEW, SEARCH, DASHBOARD = "index-pattern", "search", "dashboard"  # types of saved objects
PRIVILEGE = "in Kibana `Saved Objects Management: Read` in the space"
TIMEOUT = (3.0, 8.0)  # seconds to connect, and for each part of the answer
_DOCS = "docs/kibana.md"
# What asking the stack raises where there is no account to ask: none of it matters when Kibana's address is given.
_NO_STACK = (NotAllowedError, UnknownError, BotoCoreError, ClientError, CliError)


def kibana(around: Around) -> Findings:
    """Whether Kibana works, lets us in, and has our objects in the space."""
    url = (around.kibana or around.value("KibanaUrl")).rstrip("/")
    if url in ("", "none"):
        yield skipped("the stack knows of no Kibana", "Give it one: parameter KibanaUrl.")
        return
    credentials, problem = _login(around)
    # Its certificate may be one that only the secret makes known, so that the status waits for it too.
    with _session(credentials) as session:
        yield from _status(session, url)
        yield from [problem] if problem else _inside(around, url, session)


def _login(around: Around) -> tuple[Secret, Finding | None]:
    """Credentials that can be used; else empty ones and why."""
    nothing = Secret("none", {})
    try:
        found = _credentials(around)
        login.authorization(found)
        login.tls(found)
    except NotAllowedError as error:
        return nothing, refused(error)
    except _NO_STACK:
        if not around.kibana:
            raise
        seen = "there are no credentials for it: none in your shell, and no stack to ask for its own"
        return nothing, failed(seen, f"Set {KEY}, or {USER} and {PASSWORD}.")
    except (ConfigurationError, ValueError, OSError) as error:
        said = str(error) if not isinstance(error, json.JSONDecodeError) else "the secret is no JSON"
        todo = f"Fill the secret, or set {KEY}, or {USER} and {PASSWORD}."
        return nothing, failed(f"there are no credentials for it: {said}", todo)
    return found, None


def _status(session: requests.Session, url: str) -> Iterator[Finding]:
    """What everybody may see (Kibana API, GET /api/status: who is not logged in gets the level only)."""
    anonymous: Any = {"authorization": None}  # a login that is wrong would be refused
    answer = session.get(f"{url}/api/status", headers=anonymous, timeout=TIMEOUT, allow_redirects=False)
    content = _json(answer)
    level = _at(content, "status", "overall", "level")
    number = _at(content, "version", "number")
    seen = f"{url} is {level}" + (f", version {number}" if number else "")
    if level == "available":
        yield ok(seen)
    elif level == "degraded":
        yield warning(seen, "Its own page /status names what is.")
    elif level:
        yield failed(seen, "Its own page /status says why.")
    else:
        yield failed(
            f"{url} answers {answer.status_code}, and not as a Kibana", "Check the address: parameter KibanaUrl."
        )


def _inside(around: Around, url: str, session: requests.Session) -> Iterator[Finding]:
    space = _space(around)
    quoted = quote(space, safe="")
    answer = session.get(f"{url}/api/spaces/space/{quoted}", timeout=TIMEOUT, allow_redirects=False)
    if answer.status_code == 401:
        yield failed("it refuses the login", "Put credentials that are right into the secret of Kibana.")
        return
    if answer.status_code == 404:
        yield failed(f"there is no space {space}", "Make the space in Kibana, or name another: parameter KibanaSpace.")
        return
    if answer.status_code not in (200, 403):
        yield failed(f"it answers {answer.status_code} when asked for the space {space}", f"See {_DOCS}.")
        return
    if answer.status_code == 200:
        yield ok(f"it takes the login, and has the space {space}")
    yield from _objects(around, session, url if space == "default" else f"{url}/s/{quoted}")


def _objects(around: Around, session: requests.Session, base: str) -> Iterator[Finding]:
    owner, note = _owner(around, session, base)
    if not owner:
        yield failed(note, f"The provisioner imports them every hour; its log says why it does not. See {_DOCS}.")
        return
    wanted = [{"type": kind, "id": f"{owner}{what}"} for kind, what in _wanted(around)]
    answer = _export(session, base, {"objects": wanted, "excludeExportDetails": True})
    if answer.status_code == 403:
        yield skipped("the login may not read saved objects", f"Ask for {PRIVILEGE}.")
        return
    if answer.status_code == 200:
        yield ok(f"all {len(wanted)} objects are there that do not hang on services ({owner}…)")
        return
    missing = [
        str(one.get("id", "")) for one in _at(_json(answer), "attributes", "objects") or [] if isinstance(one, dict)
    ]
    if answer.status_code == 400 and missing:
        seen = f"{counted(len(missing), 'object is', 'objects are')} missing: {named(missing)}"
        todo = f"Have them imported: aws lambda invoke --function-name {around.stack}-provisioner /dev/stdout"
        yield failed(seen, todo)
    else:
        yield failed(f"it answers {answer.status_code} when asked for our objects", f"See {_DOCS}.")


def _owner(around: Around, session: requests.Session, base: str) -> tuple[str, str]:
    """How the ids of our objects begin, "" where that is not known; and why not."""
    try:
        region, account = around.place()
        if region and account:
            return names.kibana_owner(around.stack, region, account), ""
    except _NO_STACK:
        if not around.kibana:
            raise
    # Without an account only Kibana can say which stacks of that name it has.
    answer = _export(session, base, {"type": [DATA_VIEW], "excludeExportDetails": True})
    begin, end = f"watchpost-{around.stack}-", "-logs"
    ids = [str(one.get("id", "")) for one in map(_loaded, answer.text.splitlines()) if isinstance(one, dict)]
    found = [one.removesuffix("logs") for one in ids if one.startswith(begin) and one.endswith(end)]
    if len(found) == 1:
        return found[0], ""
    return "", f"there are objects of {counted(len(found), 'stack')} {around.stack} in it, and no account to choose by"


def _export(session: requests.Session, base: str, body: dict[str, Any]) -> requests.Response:
    """Ask for saved objects: all of them or, with status 400, which ones are missing (Kibana API, export objects)."""
    return session.post(f"{base}/api/saved_objects/_export", json=body, timeout=TIMEOUT, allow_redirects=False)


def _wanted(around: Around) -> list[tuple[str, str]]:
    """Our objects that are there with every service and with none: type, and what an id ends with."""
    from provisioner import templates  # noqa: PLC0415  # with what makes these objects, which takes a moment to load
    from provisioner.kibana import loader  # noqa: PLC0415  # likewise

    folder = provisioning.definitions(around.definitions)
    found = loader.load(folder / "kibana", templates.load(folder / "elasticsearch"))
    views, searches = [(DATA_VIEW, name) for name in found.views], [(SEARCH, name) for name in found.searches]
    return [*views, *searches, (DASHBOARD, "overview")]


def _space(around: Around) -> str:
    if around.environ.get("KIBANA_SPACE"):
        return around.environ["KIBANA_SPACE"]
    try:
        return around.value("KibanaSpace") or "default"
    except _NO_STACK:
        if not around.kibana:
            raise
        return "default"


def _credentials(around: Around) -> Secret:
    """Those of the shell, else those of the stack's functions. Raises what reading a secret raises, and OSError."""
    for prefix in ("KIBANA", "ELASTICSEARCH"):
        values = {
            name: around.environ.get(f"{prefix}_{name.upper()}", "") for name in ("api_key", "username", "password")
        }
        if values["api_key"] or (values["username"] and values["password"]):
            ca = around.environ.get(f"{prefix}_CA")
            if ca:
                values["ca_certificate"] = Path(ca).read_text(encoding="utf-8")
            return Secret("your shell", values)
    return around.secret(around.value("KibanaSecret") or around.needed("ElasticsearchSecret"))


@contextmanager
def _session(credentials: Secret) -> Iterator[requests.Session]:
    """Requests with a login. kbn-xsrf: Kibana refuses what changes something, and exports, without it."""
    with requests.Session() as session, tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        session.trust_env = False  # no login of a .netrc instead of ours
        session.headers["kbn-xsrf"] = "true"
        if credentials.get("api_key") or credentials.get("username"):
            session.headers["authorization"] = login.authorization(credentials)
        if credentials.get("ca_certificate"):
            file.write(credentials.get("ca_certificate"))
            file.flush()
            session.verify = file.name
        yield session


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _loaded(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


CHECKS = (Check("kibana", "whether it works, takes the login and has our objects", (SECRET, PRIVILEGE), kibana),)
