"""What the client's property tests are made of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from watchpost_client import clean
from watchpost_client.context import Context

_printable = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
_hex = st.text("0123456789abcdef", min_size=1)
_values = st.text(_printable, min_size=1, max_size=clean.LONGEST_VALUE).map(str.strip).filter(bool)
_names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=40).filter(lambda name: name != "id")
_parents = st.builds(
    "00-{}-{}-{}".format,
    st.integers(1, 2**128 - 1).map("{:032x}".format),
    st.integers(1, 2**64 - 1).map("{:016x}".format),
    st.integers(0, 255).map("{:02x}".format),
)
_traces = st.one_of(st.just((None, None)), st.tuples(_parents, st.sampled_from([None, "congo=t61rcWkgMzE", "a=1,b=2"])))


@st.composite
def contexts(draw: Any) -> Context:
    """Contexts as the client makes them."""
    parent, state = draw(_traces)
    return Context(
        correlation_id=draw(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=128)),
        fields=draw(st.dictionaries(_names, _values, max_size=clean.MOST_FIELDS)),
        debug=draw(st.sampled_from([None, True, False])),
        traceparent=parent,
        tracestate=state,
        baggage=draw(st.sampled_from([None, "tenant=a,user=b;prop=1"])),
    )
