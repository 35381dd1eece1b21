"""`watchpost tail`: lines as they come into a real Elasticsearch, each once, whatever happens on the way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from watchpost_cli.logs import following
from watchpost_cli.logs.following import Follower

from tests.integration.logs_shop import line
from tests.integration.logs_world import BEGAN_MS, NOW_MS, World, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchpost.search.documents import Document

QUICK = ("--every", "1s", "--since", "1h")
PATIENCE = timedelta(seconds=20)  # after which a test that waits for lines has failed


@pytest.fixture(scope="module")
def opened_world(elasticsearch_url: str) -> Iterator[World]:
    with opened(elasticsearch_url) as made:
        yield made


@pytest.fixture
def world(opened_world: World) -> Iterator[World]:
    """The world without anything that happens on the way."""
    opened_world.gate.searches = 0
    yield opened_world
    opened_world.gate.shut = False
    opened_world.gate.on_search = lambda _: None


def at_search(world: World, steps: dict[int, Callable[[], None]]) -> None:
    """Have things happen just before the search with a number."""

    def happen(number: int) -> None:
        if number in steps:
            steps[number]()

    world.gate.on_search = happen


def shipping(world: World, service: str, text: str, ingested_ms: int = NOW_MS, offset: int = 0) -> Callable[[], None]:
    return lambda: world.ship(service, (offset, line(text)), stream=text, ingested_ms=ingested_ms)


def tail(world: World, service: str, *arguments: str) -> tuple[int, list[str], str]:
    """What was shown of a service."""
    ends = arguments if "--for" in arguments else (*arguments, "--for", f"{PATIENCE.seconds}s")
    code, out, err = world.shell("tail", "--service", service, "--json", *QUICK, *ends)
    return code, [json.loads(row)["message"] for row in out.splitlines()], err


def test_new_lines_are_shown_once_each_and_it_ends_after_so_many(world: World) -> None:
    shipping(world, "one", "before")()
    at_search(world, {2: shipping(world, "one", "first"), 3: shipping(world, "one", "second")})

    code, shown, err = tail(world, "one", "--count", "3")

    assert (code, shown, err) == (0, ["before", "first", "second"], "")
    assert world.gate.searches == 3


def test_a_line_that_comes_late_is_shown_when_it_comes(world: World) -> None:
    """It was handled before the newest line was, and written long before; another shipper took its time."""
    shipping(world, "late", "new")()
    late = shipping(world, "late", "late", ingested_ms=NOW_MS - 89_000, offset=-500_000)
    at_search(world, {2: late, 3: shipping(world, "late", "newer", ingested_ms=NOW_MS + 10)})

    assert tail(world, "late", "--count", "3")[1] == ["new", "late", "newer"]


def test_it_goes_on_where_it_was_when_elasticsearch_was_away(world: World) -> None:
    shipping(world, "away", "before")()

    def away() -> None:
        world.gate.shut = True
        shipping(world, "away", "meanwhile")()

    at_search(world, {2: away, 4: lambda: setattr(world.gate, "shut", False)})

    code, shown, err = tail(world, "away", "--count", "2")

    assert (code, shown) == (0, ["before", "meanwhile"])
    gone, back = err.splitlines()
    assert gone.startswith("watchpost: Elasticsearch is unavailable (503)")
    assert back.startswith("watchpost: Elasticsearch answers again, after ")


def test_elasticsearch_that_is_away_at_first_is_waited_for(world: World) -> None:
    shipping(world, "first", "there")()
    world.gate.shut = True
    at_search(world, {2: lambda: setattr(world.gate, "shut", False)})

    assert tail(world, "first", "--count", "1")[1] == ["there"]


@pytest.mark.parametrize("status", [500, 501, 520])
def test_what_only_elasticsearch_or_what_is_before_it_can_mend_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    shipping(world, f"failing-{status}", "there")()
    answers = [(status, {"content-type": "text/plain"}, b"no")]
    answered = world.gate.ask
    monkeypatch.setattr(world.gate, "ask", lambda *asked: answers.pop() if answers else answered(*asked))

    code, shown, err = tail(world, f"failing-{status}", "--count", "1")

    assert (code, shown) == (0, ["there"])
    assert f"({status})" in err.splitlines()[0]
    assert err.splitlines()[1].startswith("watchpost: Elasticsearch answers again, after ")


@pytest.mark.parametrize("status", [400, 499])
def test_what_is_wrong_with_the_question_ends_it(world: World, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(world.gate, "ask", lambda *_: (status, {"content-type": "text/plain"}, b"no"))

    code, shown, err = tail(world, "wrong", "--count", "1")

    assert (code, shown) == (2, [])
    assert f"({status})" in err


def test_it_ends_when_the_time_is_over(world: World) -> None:
    shipping(world, "timed", "only")()

    assert tail(world, "timed", "--for", "1s")[:2] == (0, ["only"])


def test_fewer_lines_than_were_waited_for_end_with_one(world: World) -> None:
    shipping(world, "few", "only")()

    code, shown, err = tail(world, "few", "--for", "1s", "--count", "2")

    assert (code, shown) == (1, ["only"])
    assert "1 line came in 1s, not 2." in err


def test_only_lines_that_were_asked_for_are_shown(world: World) -> None:
    world.ship("picky", (0, line("card refused", "ERROR")), (1, line("card fine")), (2, line("disk full", "ERROR")))

    code, out, _ = world.shell(
        "tail", "card", "--service", "picky", "--level", "warn", *QUICK, "--count", "1", "--for", "20s"
    )

    assert code == 0
    assert "  ERROR  picky  card refused\n" in out
    assert out.count("\n") == 1


def test_lines_from_before_are_not_shown(world: World) -> None:
    shipping(world, "old", "old", ingested_ms=NOW_MS - 7_200_000)()
    shipping(world, "old", "new")()

    assert tail(world, "old", "--count", "1")[1] == ["new"]


def test_lines_do_not_steer_the_terminal(world: World) -> None:
    world.ship("evil", (0, line("\x1b[2J\u202e\r\n\x9b31m", "ERROR", error={"stack": "\x1b]0;x\x07"})))

    _, out, err = world.shell("tail", "--service", "evil", "--full", *QUICK, "--count", "1", "--for", "20s")

    assert r"\x1b[2J\u202e\r\n\x9b31m" in out
    assert (out + err).replace("\n", "").isprintable()


def test_ctrl_c_is_how_it_is_meant_to_be_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupted)

    assert world.shell("tail", "--service", "nobody", *QUICK)[0] == 0


@pytest.mark.parametrize(
    "arguments", [["--for", "0s"], ["--for", "2026-11-21"], ["--every", "0s"], ["--every", "x"], ["--count", "-1"]]
)
def test_what_cannot_be_asked_for_ends_with_two(world: World, arguments: list[str]) -> None:
    code, out, err = world.shell("tail", *arguments)

    assert (code, out) == (2, "")
    assert err.startswith("watchpost: ")


def test_wrong_credentials_end_it(world: World) -> None:
    kept, world.account.secret = world.account.secret, {"username": "nobody", "password": "x"}
    code, _, err = world.shell("tail", "--for", "20s")
    world.account.secret = kept

    assert code == 2
    assert "(401)" in err


def _follow(world: World, service: str, told: list[str]) -> tuple[Follower, list[Document]]:
    start = datetime.fromtimestamp(BEGAN_MS / 1_000, UTC)
    return Follower(world.lines, [{"term": {"service.name": service}}], start, told.append), []


def test_a_burst_is_shown_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """More lines than one answer has, which come faster than what is remembered would last: it says so."""
    monkeypatch.setattr(following, "AT_ONCE", 10)
    monkeypatch.setattr(following, "KEPT", 20)
    for second in range(9):
        texts = [(100 - second * 7 + n, f"line {second}.{n}") for n in range(7)]  # written in the other order
        world.ship("burst", *texts, ingested_ms=NOW_MS + second * 1_000)
    told: list[str] = []
    follower, shown = _follow(world, "burst", told)

    number = follower.run(shown.append, every=timedelta(seconds=1), length=PATIENCE, count=63)

    assert number == 63
    assert sorted(one.message for one in shown) == sorted(f"line {s}.{n}" for s in range(9) for n in range(7))
    (sentence,) = told
    assert sentence.startswith("Lines come so fast that late ones are looked for only ")


def test_what_can_be_remembered_is_not_complained_about(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "KEPT", 20)
    world.ship("calm", *((n, f"line {n}") for n in range(20)))
    told: list[str] = []
    follower, shown = _follow(world, "calm", told)

    follower.run(shown.append, every=timedelta(seconds=1), length=PATIENCE, count=20)

    assert (len(shown), told) == (20, [])


def test_what_is_too_old_to_come_late_is_forgotten(world: World) -> None:
    """Only what could be found again is sent with a question."""
    shipping(world, "forget", "old", ingested_ms=NOW_MS - 91_000)()
    shipping(world, "forget", "new")()
    at_search(world, {2: shipping(world, "forget", "newer")})
    world.gate.bodies.clear()

    assert tail(world, "forget", "--count", "3")[1] == ["old", "new", "newer"]
    excluded = [_excluded(body) for body in world.gate.bodies]
    assert [len(ids) for ids in excluded] == [0, 1]


def _excluded(body: dict[str, Any]) -> list[str]:
    *_, seen = body["query"]["bool"]["filter"]
    return list(seen["bool"]["must_not"][0]["ids"]["values"])
