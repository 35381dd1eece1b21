"""Whose a dashboard is can be told from its text, whatever the text is."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from provisioner.dashboard import all_dashboards, is_owned, owner_mark

from tests.unit.provisioner.pages import CONTEXT, service_page


def test_every_dashboard_is_known_as_the_stacks_own() -> None:
    made = all_dashboards([service_page()], CONTEXT)
    assert set(made.bodies) == {"wp-orders", "wp-overview"}
    for body in made.bodies.values():
        assert is_owned(body, "wp")
        assert not is_owned(body, "w")
        assert not is_owned(body, "wp-2")


def test_a_service_that_is_called_like_a_mark_does_not_change_whose_it_is() -> None:
    made = all_dashboards([service_page(owner_mark("other"))], CONTEXT)
    assert not any(is_owned(body, "other") for body in made.bodies.values())


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.just(owner_mark("wp")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["widgets", "properties", "markdown"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(JSON)
def test_anybodys_dashboard_can_be_looked_at(content: Any) -> None:
    assert is_owned(content, "wp") in (True, False)
    assert is_owned(content, "other") is False
