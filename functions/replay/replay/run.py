"""One run: ask whether Elasticsearch answers, list, replay object by object, tell what was done."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from watchpost.aws import code_of
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError, ConfigurationError

from replay.bucket import Bucket
from replay.clock import Clock
from replay.listing import listing_of, stored_at
from replay.request import request_of
from replay.result import FINISHED, MORE, UNAVAILABLE, Outcome, Result
from replay.work import Worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from datetime import datetime

    from mypy_boto3_s3 import S3Client
    from watchpost.elasticsearch import Cluster
    from watchpost.settings import Settings

    from replay.bucket import Entry
    from replay.invoke import Answer
    from replay.listing import Listing
    from replay.request import Request

SERVICE = "watchpost-replay"
WORKERS = 4  # objects at once; each waits for the shipper most of the time
MAX_BROKEN = 20  # objects that S3 would not give or take, then the run stops
HEALTH_TIMEOUT = 5.0  # seconds

_logger = Logger(service=SERVICE)


class Connect(Protocol):
    """Gives the stack's cluster; `fresh` reads the credentials anew."""

    def __call__(self, *, fresh: bool = False) -> Cluster: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside that a run needs."""

    settings: Settings
    connect: Connect
    s3: Callable[[], S3Client]
    invoke: Callable[[bytes], Answer]  # the shipper, with an event
    remaining: Callable[[], float]  # seconds until Lambda ends the invocation
    request_id: str
    now: Callable[[], datetime]  # with its offset from UTC
    monotonic: Callable[[], float]


def run(event: Any, around: Surroundings) -> dict[str, Any]:
    """Replay what an event asks for and return what was done.

    Raises PayloadError for an event of no known kind, and botocore's errors when the bucket cannot be listed. What went
    wrong with single objects is in the answer; they are as they were.
    """
    request = request_of(event)
    settings = around.settings
    clock = Clock(around.remaining, around.monotonic, request.max_seconds)
    bucket = Bucket(around.s3(), settings.dead_letter_bucket, around.request_id, around.now)
    shipper = settings.shipper_arn.split(":")[6]
    result = Result(started=around.now(), dry_run=request.dry_run, cursor=request.cursor)
    away = None if request.dry_run else unavailable(around.connect)
    listing = listing_of(bucket, request, shipper)
    result.outcome.foreign.update(listing.foreign)
    if away is None:
        _replay(listing, Worker(bucket, around.invoke, clock, request, shipper, around.now), result)
    _conclude(result, request, listing, away or clock.stopped)
    _logger.info("replay ended", extra={"result": result.for_log()})
    print(result.emf(settings.stack, around.now()))
    return result.as_dict()


def unavailable(connect: Connect) -> str | None:
    """Why Elasticsearch would take nothing now, or None when it answers.

    Asks once, and after a refusal once more with credentials that are read anew.
    """
    try:
        try:
            _ask(connect())
        except ClusterRefusedError:
            _ask(connect(fresh=True))
    except (ClusterUnavailableError, ClusterRefusedError, ConfigurationError) as error:
        return str(error)
    except (ClientError, BotoCoreError) as error:
        return f"the secret of Elasticsearch cannot be read: {code_of(error) or type(error).__name__}"
    return None


def _ask(cluster: Cluster) -> None:
    cluster.request("GET", "/_cluster/health", params={"filter_path": "status"}, timeout=HEALTH_TIMEOUT)


def _replay(listing: Listing, worker: Worker, result: Result) -> None:
    """Work on the objects, some at once, until there is none or the time is over. Those begun are ended."""
    queue = iter(listing.entries)
    working: set[Future[Outcome]] = set()
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="replay") as pool:
        while True:
            while len(working) < WORKERS and not worker.clock.is_over() and (entry := next(queue, None)):
                working.add(pool.submit(_work, worker, entry))
                result.objects += 1
                result.cursor = max(result.cursor, entry.key)
            if not working:
                return
            done, working = wait(working, return_when=FIRST_COMPLETED)
            for future in done:
                result.outcome.add(future.result())
            if result.outcome.broken > MAX_BROKEN:
                worker.clock.stop(f"the bucket did not give or take {result.outcome.broken} objects")


def _work(worker: Worker, entry: Entry) -> Outcome:
    try:
        return worker.work(entry)
    except Exception:  # S3's or ours: one object must not keep the others from being replayed
        _logger.exception("an object is left to a later run", extra={"key": entry.key})
        return Outcome(broken=1)


def _conclude(result: Result, request: Request, listing: Listing, stopped: str) -> None:
    result.waiting = len(listing.entries) - result.objects
    result.stopped = stopped
    if stopped:
        result.state = UNAVAILABLE
    elif result.waiting or result.outcome.unfinished or not listing.is_complete:
        result.state = MORE
    else:
        result.state = FINISHED
    if not request.by_person:
        result.pending = len(listing.entries) - result.outcome.gone
        if listing.entries:
            oldest = min(map(stored_at, listing.entries))
            result.oldest_seconds = max((result.started - oldest).total_seconds(), 0.0)
        else:
            result.oldest_seconds = 0.0
