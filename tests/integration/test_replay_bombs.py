"""Objects of the dead-letter bucket that are made to take memory or time: read up to a limit, or put aside unread."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from replay import bucket, records
from watchpost import dead_letters

from tests.integration.replay_world import World, delivered, letter, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

LETTER = json.dumps(letter("document", 1)).encode() + b"\n"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with opened(monkeypatch) as world:
        world.server.script = delivered
        yield world


def _bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


def test_a_bomb_among_the_letters_is_read_up_to_the_limit() -> None:
    """What stands before it is read, the rest is counted, and the memory is bounded by the limit."""
    limit = 8 << 20
    body = gzip.compress(LETTER) + _bomb(256 << 20)

    tracemalloc.start()
    contents = dead_letters.decode(body, limit)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [one.original["id"] for one in contents.letters] == ["id-1"]
    assert contents.unreadable == 1
    # the text, the piece that went beyond it (16 KiB make at most a thousand times as much), copies and lines
    assert used < 3 * (limit + 1032 * dead_letters._PIECE)


@pytest.mark.parametrize(("streams", "readable"), [(999, True), (1000, False)])
def test_letters_behind_many_streams_are_read_up_to_a_limit(streams: int, readable: bool) -> None:
    """An empty stream has 20 bytes: a million of them would take minutes."""
    contents = dead_letters.decode(gzip.compress(b"") * streams + gzip.compress(LETTER))

    assert (len(contents.letters), contents.unreadable) == ((1, 0) if readable else (0, 1))


@pytest.mark.parametrize(("more", "aside"), [(0, False), (1, True)])
def test_an_object_larger_than_any_of_ours_is_put_aside_unread(
    world: World, monkeypatch: pytest.MonkeyPatch, more: int, aside: bool
) -> None:
    key = world.put([letter("document", 1)])
    body = world.body(key)
    monkeypatch.setattr(bucket, "LARGEST_OBJECT", len(body) - more)

    answer = world.replay()

    # then it is gone from where it was, whole in `rejected/` or delivered, and the next run finds nothing to do
    assert (answer["unreadable"], answer["delivered"]) == ((1, 0) if aside else (0, 1))
    assert world.stored("dead-letters/") == []
    kept = world.stored("rejected/")
    assert [world.body(one) for one in kept] == ([body] if aside else [])
    assert world.replay()["objects"] == 0


def test_a_dry_run_tells_of_it_and_leaves_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    key = world.put([letter("document", 1)])
    monkeypatch.setattr(bucket, "LARGEST_OBJECT", 1)

    assert world.replay({"dryRun": True})["unreadable"] == 1
    assert world.stored() == [key]


@pytest.mark.parametrize(("more", "unreadable"), [(0, 0), (1, 1)])
def test_a_record_of_lambda_is_read_up_to_its_limit(
    monkeypatch: pytest.MonkeyPatch, more: int, unreadable: int
) -> None:
    body = json.dumps({"requestPayload": {"awslogs": {"data": "x"}}}).encode()
    monkeypatch.setattr(records, "LARGEST", len(body) - more)

    found = records.read(body, "watchpost-shipper")

    assert not isinstance(found, str)
    assert (found.unreadable, len(found.letters)) == (unreadable, 1 - unreadable)
