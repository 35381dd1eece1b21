"""The work on one object: claim it, read it, have its letters delivered, write down what is left, release it."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from watchpost import dead_letters
from watchpost.dead_letters import PREFIX, Contents, DeadLetter

from replay import records
from replay.bucket import REJECTED, UNREADABLE, TooLargeError
from replay.chunks import Item
from replay.deliver import deliver
from replay.invoke import SHIPPER_TIMEOUT
from replay.result import DELIVERED, FAILED, LEFT, Outcome
from replay.result import REJECTED as REJECTED_COLUMN
from replay.verdict import Failure, failed_again, is_due, is_poison

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from replay.bucket import Bucket, Claim, Entry
    from replay.clock import Clock
    from replay.invoke import Answer
    from replay.request import Request

MAX_TAKEOVERS = 3  # runs that never came back from an object, then it is put aside unread
# A run that was ended can have the shipper still at work; the clocks of two machines differ a little.
CLAIM_MARGIN = SHIPPER_TIMEOUT + 30.0  # seconds
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """What the work on every object needs. Shared by the threads of a run."""

    bucket: Bucket
    send: Callable[[bytes], Answer]
    clock: Clock
    request: Request
    shipper: str  # the function's name
    now: Callable[[], datetime]

    def work(self, entry: Entry) -> Outcome:
        """Replay the letters of one object. botocore's errors are passed on; the object is then as it was, or newer.

        So is any other error, which is a fault of ours. Then the claim is left to expire, and is counted when it is
        taken over: an object that nobody can work on ends in `rejected/` as well.
        """
        if self.request.dry_run:
            return self._look(entry)
        claim = self.bucket.claim(entry.key, self.clock.remaining() + CLAIM_MARGIN)
        if claim is None:
            return Outcome(busy=1)
        try:
            outcome = self._claimed(entry, claim)
        except (ClientError, BotoCoreError):
            self.bucket.release(claim)
            raise
        self.bucket.release(claim)
        return outcome

    def _look(self, entry: Entry) -> Outcome:
        try:
            found = self.bucket.read(entry.key)
        except TooLargeError:
            return Outcome(unreadable=1)
        if found is None:
            return Outcome()
        contents = self._contents(entry, found[0])
        if isinstance(contents, str):
            return Outcome(foreign=Counter({contents: 1}))
        outcome = Outcome(unreadable=1 if contents.unreadable else 0)
        for letter in contents.letters:
            if self.request.selects(letter):
                outcome.count(letter, LEFT)
        return outcome

    def _claimed(self, entry: Entry, claim: Claim) -> Outcome:
        try:
            found = self.bucket.read(entry.key)
        except TooLargeError as error:
            return self._put_aside(error)
        if found is None:
            return Outcome()  # another run was through with it before we claimed it
        body, etag = found
        if claim.takeovers >= MAX_TAKEOVERS:
            _log.error("%s is rejected unread: %d runs never came back from it", entry.key, claim.takeovers)
            self.bucket.write_raw(unreadable_key(entry.key), body)
            gone = self.bucket.remove(entry.key, etag)
            return Outcome(unreadable=1, gone=1 if gone else 0)
        contents = self._contents(entry, body)
        if isinstance(contents, str):
            return Outcome(foreign=Counter({contents: 1}))
        return _Object(self, entry.key, etag, contents, body).replay()

    def _put_aside(self, found: TooLargeError) -> Outcome:
        _log.error("%s, it is rejected unread", found)
        self.bucket.copy(found.key, found.etag, unreadable_key(found.key))
        gone = self.bucket.remove(found.key, found.etag)
        return Outcome(unreadable=1, gone=1 if gone else 0)

    def _contents(self, entry: Entry, body: bytes) -> Contents | str:
        if entry.key.startswith(records.LAMBDA_PREFIX):
            return records.read(body, self.shipper)
        return dead_letters.decode(body)

    def takes(self, letter: DeadLetter) -> bool:
        """Whether a letter is sent in this run."""
        if not self.request.selects(letter):
            return False
        return not self.request.had_its_turn(letter) if self.request.by_person else is_due(letter, self.now())


@dataclass(slots=True)
class _Object:
    """One object while it is worked on."""

    worker: Worker
    key: str
    etag: str
    contents: Contents
    body: bytes
    items: list[Item] = field(default_factory=list)
    kept: list[DeadLetter] = field(default_factory=list)  # those that are not sent in this run
    changed: bool = False  # whether somebody else wrote it meanwhile
    kept_raw: bool = False  # whether the object, as it was, is in `rejected/`

    def replay(self) -> Outcome:
        for letter in self.contents.letters:
            if self.worker.takes(letter):
                self.items.append(Item(letter))
            else:
                self.kept.append(letter)
        deliver(self.items, self.worker.send, self.worker.clock, self._checkpoint)
        return self._settle()

    def _checkpoint(self) -> bool:
        """Write down that letters were delivered, before more are sent. The others are judged at the end."""
        self._keep_raw()
        rest = [item.letter for item in self.items if not item.delivered]
        etag = self.worker.bucket.replace(self.key, self.etag, dead_letters.encode(self.kept + rest))
        if etag is None:
            self.changed = True
            return False
        self.etag = etag
        return True

    def _settle(self) -> Outcome:
        """Write what is left where it belongs, then remove or replace the object."""
        outcome = Outcome(unreadable=1 if self.contents.unreadable else 0)
        left, rejected = list(self.kept), list[DeadLetter]()
        request = self.worker.request
        if not request.by_person:
            for letter in self.kept:  # those that are not due
                outcome.count(letter, LEFT)
        for item in self.items:
            if item.delivered:
                outcome.count(item.letter, DELIVERED)
            elif item.failure is None:
                left.append(item.letter)
                if request.by_person and not self.worker.clock.stopped:
                    outcome.unfinished = [self.key]  # the session comes back to it, and counts it then
                else:
                    outcome.count(item.letter, LEFT)
            else:
                self._judge(item.letter, item.failure, left, rejected, outcome)
        nothing_new = not self.contents.unreadable and all(item.open for item in self.items) and bool(left)
        if not self.changed and not nothing_new:
            outcome.gone = 1 if self._write(left, rejected) and not left else 0
        return outcome

    def _judge(
        self, before: DeadLetter, failure: Failure, left: list[DeadLetter], rejected: list[DeadLetter], outcome: Outcome
    ) -> None:
        letter = failed_again(before, failure, self.worker.now())
        # What a person replays out of `rejected/` goes back there, whatever the number of its replays.
        if is_poison(letter, failure) and not self.key.startswith(REJECTED):
            rejected.append(letter)
            outcome.count(before, REJECTED_COLUMN)
        else:
            left.append(letter)
            outcome.count(before, FAILED)

    def _write(self, left: list[DeadLetter], rejected: list[DeadLetter]) -> bool:
        """What is written elsewhere comes first. Returns whether the object was still as it was read."""
        bucket = self.worker.bucket
        if rejected:
            bucket.write(rejected_key(self.key, rejected), dead_letters.encode(rejected))
        self._keep_raw()
        if left and not self.key.startswith(records.LAMBDA_PREFIX):
            done = bucket.replace(self.key, self.etag, dead_letters.encode(left)) is not None
        else:
            if left:
                bucket.write(records.letters_key(self.key), dead_letters.encode(left))
            done = bucket.remove(self.key, self.etag)
        if not done:
            _log.warning("%s was written by somebody else meanwhile and is left as it is", self.key)
        return done

    def _keep_raw(self) -> None:
        if self.contents.unreadable and not self.kept_raw:
            self.worker.bucket.write_raw(unreadable_key(self.key), self.body)
            self.kept_raw = True


def rejected_key(key: str, letters: list[DeadLetter]) -> str:
    """Where rejected letters of an object go: the same letters always to the same key, others beside them."""
    digest = hashlib.sha256()
    for letter in letters:
        digest.update(dead_letters.encode([DeadLetter(letter.kind, "", 0, letter.original)]))
    return f"{REJECTED}{_path(key).removesuffix('.ndjson.gz')}-{digest.hexdigest()[:12]}.ndjson.gz"


def unreadable_key(key: str) -> str:
    """Where an object goes, as it is, of which not everything can be read."""
    return f"{REJECTED}{_path(key)}{UNREADABLE}"


def _path(key: str) -> str:
    return key.removeprefix(REJECTED).removeprefix(PREFIX)
