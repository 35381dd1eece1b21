"""The lines of a soak can be told from each other, and each is counted in the phase in which it was sent."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from shipper import formats

from local.soak import traffic, world
from local.soak.traffic import Sent, Traffic

REPORT = (
    "REPORT RequestId: 8f14e45f-ceea-467f-a0e6-6b1f5d1d5b7a\tDuration: 1503.25 ms\tBilled Duration: 1504 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 90 MB"
)


@given(number=st.integers(0, 10**9))
def test_the_number_of_a_line_is_found_in_its_document(number: int) -> None:
    parsed = formats.parse(traffic.line(number))

    assert traffic.number_of(parsed.message) == number


def test_other_lines_have_no_number() -> None:
    assert [traffic.number_of(text) for text in ("", "soak", "soak x", "a soak 7", "MONITORING|x")] == [None] * 5


@given(batches=st.lists(st.tuples(st.integers(1, 50), st.sampled_from(["a", "b"])), min_size=1), data=st.data())
def test_what_is_lost_and_doubled_is_counted_in_its_phase(batches: list[tuple[int, str]], data: st.DataObject) -> None:
    # given batches, of which lines are found never, once, or several times
    sent = Sent()
    phases = {number: phase for lines, phase in batches for number in sent.take(lines, phase)}
    found = {number: data.draw(st.integers(0, 3)) for number in data.draw(st.sets(st.sampled_from(sorted(phases))))}
    everything = dict.fromkeys(phases, 1) | found

    counted = sent.by_phase(Counter(everything))

    for phase in set(phases.values()):
        times = [everything[number] for number, one in phases.items() if one == phase]
        lost, doubled = times.count(0), sum(max(0, one - 1) for one in times)
        assert counted[phase] == (len(times), len(times) - lost, lost, doubled)
    assert sum(row[0] for row in counted.values()) == sent.total == len(phases)


def test_a_burst_is_cut_into_batches_that_come_as_much_more_often() -> None:
    made = Traffic({}, Sent())

    made.set("steady", 20, 2.0)
    assert made.now == ("steady", 20, 2.0)
    made.set("burst", 2_000, 2.0)
    assert made.now == ("burst", 500, 0.5)
    made.set("burst", 2_001, 2.0)
    assert made.now[1] <= traffic.LARGEST


def test_the_log_of_the_shipper_tells_durations_timeouts_and_counts() -> None:
    told = world.Told()
    metrics = [{"Name": "DeadLettered", "Unit": "Count"}, {"Name": "DeliveryLagSeconds", "Unit": "Seconds"}]
    about = {"_aws": {"CloudWatchMetrics": [{"Metrics": metrics}]}, "DeadLettered": 7, "DeliveryLagSeconds": 1.5}

    for line in (
        REPORT,
        json.dumps(about),
        json.dumps(about),
        "2026-11-21T10:00:00.000Z 8f14e45f Task timed out after 60.00 seconds",
        json.dumps({"level": "WARNING", "message": "REPORT RequestId: x Duration: 1 ms"}),
        "START RequestId: 8f14e45f-ceea-467f-a0e6-6b1f5d1d5b7a Version: $LATEST",
    ):
        world.tell(told, line)

    assert told.durations == [1.50325]
    assert told.timeouts == 1
    assert told.counts == {"DeadLettered": 14}
