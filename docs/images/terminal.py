"""The pictures of the terminal in docs/searching.md, from lines made up here, through the code that people use.

    python -m docs.images.terminal        from the checkout; writes docs/images/*.svg anew

Lines go the way of real ones: the shipper makes documents of them, `watchpost.search` puts these together, and the
command's own functions draw. Every time is fixed, so the pictures change only when the code does; then a test fails
until they are made anew.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from shipper.convert import Conversion
from shipper.counts import Counts
from shipper.decode import payload_of
from watchpost.configuration import Configuration, Logs
from watchpost.search.documents import Document, Page, Window
from watchpost.search.groups import Errors, grouped
from watchpost.search.ids import Ids
from watchpost.search.transaction import Transaction, made
from watchpost.settings import Settings
from watchpost_cli.logs import errortables, tree
from watchpost_cli.logs.deployments import Comparison

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
WIDTH = 118  # columns
BEGAN = datetime(2026, 11, 21, 8, 14, 3, tzinfo=UTC)
DEPLOYED = datetime(2026, 11, 21, 8, 2, 41, tzinfo=UTC)
CORRELATION = "c-4711"
API, WORKER, MAIL = (f"{first}-1f3c-4a52-9a52-0d8a4b7c5f10" for first in ("6bc99a8e", "0f53d2a1", "b81e07c4"))
_SETTINGS = Settings(**dict.fromkeys(Settings.__slots__, "-") | {"environment": "prod", "aws_region": "eu-central-1"})
_KEEP_ALL = Configuration(logs=Logs(platform="all", count=False))


def pictures() -> dict[str, str]:
    """Every picture by the name of its file."""
    drawn = {}
    output = _console()
    output.print(tree.tree(transaction()), soft_wrap=False)
    drawn["follow.svg"] = _svg(output, f"watchpost follow {CORRELATION}")
    output = _console()
    found, window = errors(), Window(BEGAN - timedelta(minutes=30), BEGAN + timedelta(minutes=30))
    services = Comparison(_Before(), timedelta(days=7), lambda _: DEPLOYED).services(found)  # type: ignore[arg-type]
    closing = errortables.sentences(found, window, "logs-watchpost.*-prod", None, is_empty=False)
    errortables.show(output, [(one, one.groups) for one in services], 10, closing)
    drawn["errors.svg"] = _svg(output, "watchpost errors")
    return drawn


def transaction() -> Transaction:
    """An API calls a worker, whose bank does not answer in time; later a queue brings the mail service its part."""
    api, worker, mail = ({"function_request_id": one, "correlation_id": CORRELATION} for one in (API, WORKER, MAIL))
    documents = [
        *_documents(
            "orders-api",
            (0, f"START RequestId: {API} Version: 42\n"),
            (6, _line("order received", **api, order=4711)),
            (1_391, _line("order kept without payment", "WARN", **api)),
            (1_402, _report(API, 1_401.6, "Init Duration: 389.2 ms\t")),
        ),
        *_documents(
            "payment-worker",
            (31, f"START RequestId: {WORKER} Version: 17\n"),
            (38, _line("charging card", **worker)),
            (
                1_344,
                _line("bank does not answer", "ERROR", **worker, error={"name": "ReadTimeout", "message": "1.3 s"}),
            ),
            (1_351, _report(WORKER, 1_320.4)),
        ),
        *_documents(
            "mail-sender",
            (3_206, f"START RequestId: {MAIL} Version: 5\n"),
            (3_211, _line("mail queued", **mail, template="payment-pending")),
            (3_224, _report(MAIL, 18.9)),
        ),
    ]
    return made(CORRELATION, Ids.of(CORRELATION).led_on(documents), Page(tuple(documents), len(documents)))


def errors() -> Errors:
    """A new error since the deployment, and old ones."""
    orders = [
        (
            second * 1_000,
            _line(f"order {4700 + second} kept without payment", "ERROR", correlation_id=f"c-{4700 + second}"),
        )
        for second in range(14)
    ]
    payments = [
        (second * 900, _line("charge failed", "ERROR", error=error, correlation_id=f"c-{4700 + second}"))
        for second, error in enumerate(
            [
                *[{"name": "ReadTimeout", "message": f"the bank did not answer in {1300 + n} ms"} for n in range(9)],
                *[{"name": "CardError", "message": f"card {n} was declined"} for n in range(3)],
            ]
        )
    ]
    return grouped(_page([*_documents("orders-api", *orders), *_documents("payment-worker", *payments)]))


class _Before:
    """What there was before the deployment, in the place of Elasticsearch."""

    def errors(self, _window: Window, *, service: str, **_: float) -> Errors:
        line = _line("charge failed", "ERROR", error={"name": "CardError", "message": "card 8 was declined"})
        known = _documents("payment-worker", (0, line)) + _documents("orders-api", (0, _line("x", "ERROR")))
        return grouped(_page([one for one in known if one.service == service]))


def _line(message: str, level: str = "INFO", **more: Any) -> str:
    return json.dumps({"level": level, "message": message, **more})


def _report(request_id: str, duration: float, more: str = "") -> str:
    sizes = "Memory Size: 512 MB\tMax Memory Used: 94 MB"
    return f"REPORT RequestId: {request_id}\tDuration: {duration} ms\tBilled Duration: 1 ms\t{sizes}\t{more}\n"


def _documents(function: str, *lines: tuple[float, str]) -> list[Document]:
    """What the shipper makes of lines of a function, each with its time in ms since BEGAN."""
    began_ms = int(BEGAN.timestamp() * 1_000)
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": f"/aws/lambda/{function}",
        "logStream": "2026/11/21/[42]0a1b2c3d4e5f",
        "subscriptionFilters": [f"watchpost.service={function}"],
        "logEvents": [
            {"id": f"{number:056d}", "timestamp": began_ms + int(offset), "message": text}
            for number, (offset, text) in enumerate(lines)
        ],
    }
    payload = payload_of(base64.b64encode(gzip.compress(json.dumps(content).encode())).decode())
    assert payload is not None  # noqa: S101  # made above
    conversion = Conversion(payload, _SETTINGS, _KEEP_ALL, began_ms)
    items = [item for chunk in conversion.chunks(Counts()) for item in chunk.documents.items]
    return [Document(f"{number}", function, json.loads(item.split(b"\n")[1])) for number, item in enumerate(items)]


def _page(documents: Sequence[Document]) -> Page:
    return Page(tuple(documents), len(documents))


def _console() -> Console:
    return Console(
        width=WIDTH, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor",
        markup=False, highlight=False, emoji=False, soft_wrap=True, _environ={},
    )  # fmt: skip  # one look at how the terminal is


def _svg(output: Console, title: str) -> str:
    svg = output.export_svg(title=title, unique_id=re.sub(r"\W+", "-", title))
    # The picture needs nothing from elsewhere: without this it names a font on somebody's server.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    for name, picture in pictures().items():
        (HERE / name).write_text(picture)
