"""Lines and values that no logger should write and some will."""

from __future__ import annotations

import json
import time

from hypothesis import strategies as st

NOW = int(time.time())

TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=40)  # lone surrogates and NUL as well
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 2**63, 2**64, -(2**63) - 1])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
# What Lambda hands over was read by it: finite numbers only.
HANDED_OVER = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
_NAMES = (
    "message msg level severity service service.version log error err exception stack errorType errorMessage "
    "correlation correlation_id x-correlation-a trace_id traceparent requestId cold_start type record time timestamp "
    "environment labels tags app metric data_stream @timestamp _id _aws thrown name a.b"
)
KEYS = st.sampled_from(_NAMES.split(" "))
JSON_LINES = st.dictionaries(KEYS | TEXT, JSON, max_size=8).map(json.dumps)
FRAGMENTS = st.sampled_from(
    [
        *("[INFO]\t", "[ERROR]\t", "[WARNING] ", "2026-11-21T08:00:00.123Z\t", "2026-11-21T08:00:00.123Z ", "\t"),
        *("6bc9a1f0-1111-4222-8333-944455556666\t", "undefined\t", "INFO\t", "ERROR\t", "info: ", "fail: "),
        *("START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "Version: $LATEST", "Duration: 3.21 ms\t"),
        *("Billed Duration: 4 ms\t", "Memory Size: 128 MB\t", "Init Duration: 1e400 ms\t", "XRAY TraceId: 1-5-a\t"),
        *(
            "INIT_START Runtime Version: ",
            "RequestId: x Error: ",
            " Task timed out after 3.00 seconds",
            "Status: timeout",
        ),
        *("MONITORING|", f"{NOW}|", "27.4|", "NaN|", "1e400|", "count|", "latency|", "Count|", "page-view", "|", "#"),
        *("channel:", "web", ",", "k=v", "=", ":", "shop|", "-0", "1_0|", "\u0661|"),
        *('{"level": "ERROR", "message": "', '"}', '{"msg": "MONITORING|1|Count|n|s', "{", "}", "[", "]", '":', '"'),
        *(
            '{"_aws": {"CloudWatchMetrics": [{}]}, ',
            '"record": ',
            '{"type": "platform.report", "record": {',
            "null",
            "NaN",
        ),
        *("Traceback (most recent call last):\n", '  File "a.py", line 1, in b\n', "ValueError: no\n", "\r", "\n"),
        *(
            "Exception in thread ",
            "Caused by: ",
            "java.lang.IllegalState: no\n",
            "\tat a.b.C.d(C.java:1)\n",
            "   at A.B()\n",
        ),
        *(
            "goroutine 1 [running]:\n",
            "panic: ",
            "\x1b[31m",
            "\x1b[0m",
            "\ufeff",
            "\u2028",
            "\x00",
            "\ud800",
            "\U0001f600",
        ),
    ]
)
BUILT = st.lists(FRAGMENTS | TEXT | JSON_LINES, max_size=10).map("".join)
LINES = BUILT | JSON_LINES | TEXT | st.builds("{}{}".format, FRAGMENTS, JSON_LINES)

DEEP = 1_000
HAZARDS = {
    "256 KB of text": "x" * 262_144,
    "256 KB of one word in JSON": json.dumps({"message": "m", "blob": "y" * 262_100}),
    "256 KB of four-byte characters": "\U0001f600" * 65_536,
    "256 KB of metric line": f"MONITORING|{NOW}|1|count|n|#k:" + "v" * 262_100,
    "256 KB of a trace": "Traceback (most recent call last):\n" + '  File "a.py", line 1\n' * 12_000 + "ValueError: no",
    "1,000 objects deep": '{"a":' * DEEP + "1" + "}" * DEEP,
    "1,000 lists deep": '{"a":' + "[" * DEEP + "]" * DEEP + "}",
    "1,000 levels of both": '{"a":[' * DEEP + "1" + "]}" * DEEP,
    "1,000 levels that do not end": '{"a":' * DEEP,
    "10,000 different keys": json.dumps({f"key-{number}": number for number in range(10_000)}),
    "10,000 correlation fields": json.dumps({f"x-correlation-{number}": "v" for number in range(10_000)}),
    "10,000 tags of a metric": f"MONITORING|{NOW}|1|count|n|#" + ",".join(f"k{number}:v" for number in range(10_000)),
    "lone surrogates": '{"message": "\\ud800", "\\udfff": "\\ud800\\ud800", "service": "\\udc00"}',
    "lone surrogates in text": "a\ud800b\udfff",
    "lone surrogates in a metric": f"MONITORING|{NOW}|1|count|\ud800|#\ud800:\ud800",
    "NaN": '{"message": "m", "a": NaN, "b": [Infinity, -Infinity], "NaN": {"c": NaN}}',
    "NaN as a metric": f"MONITORING|{NOW}|NaN|latency|n",
    "10^400": '{"message": "m", "a": 1'
    + "0" * 400
    + ', "b": -1'
    + "0" * 400
    + ', "c": 1e400, "level": 1'
    + "0" * 400
    + "}",
    "10^400 as a metric": f"MONITORING|{NOW}|1" + "0" * 400 + "|count|n",
    "10^5000, longer than Python reads": '{"message": "m", "a": 1' + "0" * 5_000 + "}",
    "NUL": '{"message": "a\\u0000b", "a\\u0000b": "\\u0000", "service": "\\u0000"}',
}
