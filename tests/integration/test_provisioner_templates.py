"""Index templates in a real Elasticsearch."""

from __future__ import annotations

import importlib.resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from provisioner import templates
from provisioner.deadline import RESERVE, Deadline
from watchpost.errors import ClusterRefusedError

from tests.unit.provisioner.world import connected, stem, template_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from watchpost.elasticsearch import Cluster


@pytest.fixture(scope="module")
def cluster(elasticsearch_url: str) -> Cluster:
    return connected(elasticsearch_url)


@pytest.fixture
def folder(tmp_path: Path, cluster: Cluster) -> Iterator[Path]:
    with template_files(tmp_path / "elasticsearch", cluster) as files:
        yield files


def _deadline() -> Deadline:
    return Deadline(lambda: RESERVE)


def _install(folder: Path, connect: Callable[[], Cluster], *, apply: bool = True) -> dict[str, Any]:
    return templates.install(connect, templates.load(folder), _deadline(), apply=apply).as_dict()


def test_templates_are_installed_once_components_first(folder: Path, cluster: Cluster) -> None:
    name = stem(folder)

    first = _install(folder, lambda: cluster)
    second = _install(folder, lambda: cluster)

    assert first == {"installed": [f"component/{name}", f"index/{name}"], "unchanged": [], "failed": []}
    assert second == {"installed": [], "unchanged": [f"component/{name}", f"index/{name}"], "failed": []}
    [found] = cluster.request("GET", f"/_index_template/{name}")["index_templates"]
    assert found["index_template"]["composed_of"] == [name]


def test_a_plan_installs_nothing(folder: Path, cluster: Cluster) -> None:
    planned = _install(folder, lambda: cluster, apply=False)

    assert len(planned["installed"]) == 2
    with pytest.raises(ClusterRefusedError) as caught:
        cluster.request("GET", f"/_index_template/{stem(folder)}")
    assert caught.value.status == 404


def test_a_template_is_installed_again_when_its_version_or_the_clusters_copy_changed(
    folder: Path, cluster: Cluster
) -> None:
    # given templates that are installed
    name = stem(folder)
    _install(folder, lambda: cluster)

    # when the file's version changes, and somebody changes the component in the cluster
    file = folder / "index" / f"{name}.json"
    file.write_text(file.read_text().replace('"version": 1', '"version": 2'))
    cluster.request("PUT", f"/_component_template/{name}", {"template": {"settings": {"number_of_shards": 3}}})
    again = _install(folder, lambda: cluster)

    # then both are installed, and nothing after that
    assert again["installed"] == [f"component/{name}", f"index/{name}"]
    assert _install(folder, lambda: cluster)["installed"] == []


def test_one_template_that_is_refused_does_not_stop_the_others(folder: Path, cluster: Cluster) -> None:
    name = stem(folder)
    (folder / "component" / "provisioner-wrong.json").write_text('{"template": {"mappings": {"nonsense": 1}}}')

    result = templates.install(lambda: cluster, templates.load(folder), _deadline(), apply=True)

    assert [item["name"] for item in result.failed] == ["component/provisioner-wrong"]
    assert "400" in result.failed[0]["reason"]
    assert not result.outside
    assert result.installed == [f"component/{name}", f"index/{name}"]


def test_the_templates_of_the_repository_are_unchanged_the_second_time(cluster: Cluster) -> None:
    """Only GET requests and templates that anyone may install again: other tests use them."""
    loaded = templates.load(importlib.resources.files("dashboards") / "elasticsearch")
    assert loaded
    first = templates.install(lambda: cluster, loaded, _deadline(), apply=True)
    second = templates.install(lambda: cluster, loaded, _deadline(), apply=True)
    assert first.failed == second.failed == []
    assert second.unchanged == [template.title for template in loaded]


def test_a_cluster_that_is_away_is_asked_once(folder: Path) -> None:
    """The deployment must not wait for each template's time-out."""
    failed = _install(folder, lambda: connected("http://127.0.0.1:9"))["failed"]

    assert [item["reason"].startswith("not tried") for item in failed] == [False, True]


def test_a_plan_with_refused_credentials_promises_nothing(folder: Path, elasticsearch_url: str) -> None:
    parts = urlsplit(elasticsearch_url)
    wrong = f"{parts.scheme}://nobody:nothing@{parts.hostname}:{parts.port}"

    planned = _install(folder, lambda: connected(wrong), apply=False)

    assert planned["installed"] == []
    assert all("401" in item["reason"] for item in planned["failed"])
