"""A small Kibana on 127.0.0.1, as strict as the real one's published rules.

It has one way in, the saved objects API in a space: import, export and delete of single objects. Everything else is
404, so that nothing here can lean on a call that a real Kibana does not promise. Tests put outages into `script`.
"""

from __future__ import annotations

import base64
import email
import email.policy
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.integration.kibana_server.store import RefusedError, Store

if TYPE_CHECKING:
    import ssl
    from email.message import EmailMessage

MOST_BYTES = 26_214_400  # savedObjects.maxImportPayloadBytes
API_KEY = "a2V5OnNlY3JldA=="
USER, PASSWORD = "provisioner", "pass-word"


@dataclass(frozen=True)
class Scripted:
    """An answer that comes instead of Kibana's. status 0: the connection ends without one."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    kind: str = "application/json; charset=utf-8"


_SPACES = "/api/spaces/space/"


class Kibana:
    """Listens on a free port. spaces: their stores by name."""

    def __init__(self, release: str = "8.10", tls: ssl.SSLContext | None = None) -> None:
        self.spaces = {"default": Store(release), "observability": Store(release)}
        self.script: list[Scripted | None] = []  # one for each request to come; None: Kibana's own answer
        self.requests: list[tuple[str, str]] = []  # method and path, with the space
        self.imported: list[list[dict[str, Any]]] = []
        self.credentials: set[str] = set()  # authorization headers that came
        self.connections = 0
        self.most_bytes = MOST_BYTES
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"kibana": self}))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # broken connections are scripted
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def store(self) -> Store:
        """That of the default space."""
        return self.spaces["default"]

    def calls(self, method: str, ending: str = "") -> int:
        """How many requests of a kind came."""
        return sum(path.endswith(ending) for made, path in self.requests if made == method)

    def respond(self, method: str, target: str, headers: Any, body: bytes) -> Answer:
        self.credentials.add(headers.get("authorization", ""))
        parts = urlsplit(target)
        space, path = _space(unquote(parts.path))
        if (method, path) == ("GET", "/api/status"):  # the one thing that nobody has to log in for
            return Answer(200, json.dumps({"status": {"overall": {"level": "available"}}}).encode())
        refused = _gate(method, headers)
        if refused:
            return refused
        if method == "GET" and path.startswith(_SPACES):
            return _described(self.spaces, path.removeprefix(_SPACES))
        store = self.spaces.get(space)
        api, _, call = path.rpartition("/api/saved_objects/")
        if store is None or api or not call:
            return _refused(404, "Not Found")
        return self._saved_objects(store, (method, call), parse_qs(parts.query), headers, body)

    def _saved_objects(
        self, store: Store, asked: tuple[str, str], query: dict[str, list[str]], headers: Any, body: bytes
    ) -> Answer:
        try:
            if asked == ("POST", "_import"):
                return self._import(store, query, headers, body)
            if asked == ("POST", "_export"):
                return _export(store, headers, body)
        except RefusedError as error:
            return _refused(400, error.message, error.attributes)
        return _delete(store, asked[1]) if asked[0] == "DELETE" else _refused(404, "Not Found")

    def _import(self, store: Store, query: dict[str, list[str]], headers: Any, body: bytes) -> Answer:
        if query.keys() - {"overwrite", "createNewCopies", "compatibilityMode"}:
            return _refused(400, "[request query]: definition for this key is missing")
        if len(body) > self.most_bytes:
            return _refused(413, f"Payload content length greater than maximum allowed: {self.most_bytes}")
        objects = [json.loads(line) for line in _file(headers, body).decode().split("\n") if line.strip()]
        self.imported.append(objects)
        answer = store.import_(objects, overwrite=query.get("overwrite") == ["true"])
        return Answer(200, json.dumps(answer).encode())


def _described(spaces: dict[str, Store], space: str) -> Answer:
    if space not in spaces:
        return _refused(404, "Not Found")
    return Answer(200, json.dumps({"id": space, "name": space, "disabledFeatures": []}).encode())


def _gate(method: str, headers: Any) -> Answer | None:
    basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    if headers.get("authorization") not in (f"ApiKey {API_KEY}", basic):
        return _refused(401, "[security_exception]: unable to authenticate user")
    if method != "GET" and not headers.get("kbn-xsrf"):
        return _refused(400, "Request must contain a kbn-xsrf header.")
    return None


def _space(path: str) -> tuple[str, str]:
    if not path.startswith("/s/"):
        return "default", path
    space, _, rest = path.removeprefix("/s/").partition("/")
    return space, f"/{rest}"


def _file(headers: Any, body: bytes) -> bytes:
    kind = headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise RefusedError("Unsupported Media Type")
    head = f"content-type: {kind}\r\n\r\n".encode()
    message: EmailMessage = email.message_from_bytes(head + body, policy=email.policy.HTTP)  # type: ignore[assignment]
    parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
    if parts.keys() != {"file"}:
        raise RefusedError("[request body.file]: expected value of type [Stream]")
    ending = PurePosixPath(parts["file"].get_filename() or "").suffix
    if ending != ".ndjson":
        raise RefusedError(f"Invalid file extension {ending}")
    content = parts["file"].get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def _export(store: Store, headers: Any, body: bytes) -> Answer:
    if not headers.get("content-type", "").startswith("application/json"):
        return _refused(415, "Unsupported Media Type")
    lines = store.export(json.loads(body))
    return Answer(200, "\n".join(map(json.dumps, lines)).encode(), "application/ndjson")


def _delete(store: Store, call: str) -> Answer:
    kind, _, identifier = call.partition("/")
    if store.objects.pop((kind, identifier), None) is None:
        return _refused(404, f"Saved object [{kind}/{identifier}] not found")
    return Answer(200, b"{}")


def _refused(status: int, message: str, attributes: dict[str, Any] | None = None) -> Answer:
    said = {"statusCode": status, "error": "Refused", "message": message}
    return Answer(status, json.dumps(said | ({"attributes": attributes} if attributes else {})).encode())


class _Handler(BaseHTTPRequestHandler):
    kibana: Kibana
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        self.kibana.connections += 1
        super().setup()

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.kibana.requests.append((self.command, urlsplit(self.path).path))
        scripted = self.kibana.script.pop(0) if self.kibana.script else None
        if scripted is None:
            answer = self.kibana.respond(self.command, self.path, self.headers, body)
            self._send(answer.status, answer.body, {"content-type": answer.kind})
        elif scripted.status:
            self._send(scripted.status, scripted.body, scripted.headers)
            self.close_connection = "content-length" in scripted.headers  # more is promised than comes
        else:
            self.close_connection = True

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _handle  # noqa: N815  # the names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Quiet."""
