"""A release is the same bytes each time, and its template names zips that lie beside it."""

from __future__ import annotations

import hashlib
import os
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from watchpost import __version__

from local import package

if TYPE_CHECKING:
    from pathlib import Path

TARGET = package.Target("python3.13", "x86_64")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What `sam build` leaves, of one function and one layer."""
    folder = tmp_path / "built"
    for name, files in {"F": ["f/handler.py", "f/__init__.py"], "L": ["python/x.py"]}.items():
        for file in files:
            path = folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# {file}\n")
    resources: dict[str, Any] = {
        "Function": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "F"}},
        "Layer": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "L"}},
        "Topic": {"Type": "AWS::SNS::Topic"},
    }
    parameters = {
        "PythonRuntime": {"Default": "python3.14", "AllowedValues": ["python3.13", "python3.14"]},
        "Architecture": {"Default": "arm64", "AllowedValues": ["arm64", "x86_64"]},
    }
    template = {
        "Metadata": {package.APPLICATION: {"Name": "watchpost"}},
        "Parameters": parameters,
        "Resources": resources,
    }
    (folder / "template.yaml").write_text(yaml.safe_dump(template))
    return folder


def test_two_releases_of_the_same_files_are_the_same_bytes_whenever_they_were_written(
    built: Path, tmp_path: Path
) -> None:
    first = package.assemble(built, tmp_path / "one", TARGET).parent
    before = (first / package.SUMS).read_text()
    for path in built.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o700 if path.is_dir() else 0o600)  # of another user's umask

    second = package.assemble(built, tmp_path / "two", TARGET).parent

    assert (second / package.SUMS).read_text() == before


def test_another_file_makes_another_sum(built: Path, tmp_path: Path) -> None:
    before = (package.assemble(built, tmp_path / "one", TARGET).parent / package.SUMS).read_text()
    (built / "F" / "f" / "handler.py").write_text("# another\n")

    after = (package.assemble(built, tmp_path / "two", TARGET).parent / package.SUMS).read_text()

    changed = [one for one, other in zip(before.splitlines(), after.splitlines(), strict=True) if one != other]
    assert [line.split("  ")[1] for line in changed] == ["F.zip"]


def test_the_sums_are_those_of_every_file(built: Path, tmp_path: Path) -> None:
    folder = package.assemble(built, tmp_path / "one", TARGET).parent

    told = dict(reversed(line.split("  ")) for line in (folder / package.SUMS).read_text().splitlines())

    assert set(told) == {path.name for path in folder.iterdir()} - {package.SUMS}
    assert set(told) == {"F.zip", "L.zip", "template.yaml", "README.md", "LICENSE", "CHANGELOG.md"}
    for name, digest in told.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_release_can_be_deployed_for_what_it_was_built_for_only(built: Path, tmp_path: Path) -> None:
    written = yaml.safe_load(package.assemble(built, tmp_path / "one", TARGET).read_text())

    assert written["Resources"]["Function"]["Properties"]["CodeUri"] == "F.zip"
    assert written["Resources"]["Layer"]["Properties"]["ContentUri"] == "L.zip"
    assert written["Parameters"]["PythonRuntime"] == {"Default": "python3.13", "AllowedValues": ["python3.13"]}
    assert written["Parameters"]["Architecture"] == {"Default": "x86_64", "AllowedValues": ["x86_64"]}
    application = written["Metadata"][package.APPLICATION]
    assert application == {"Name": "watchpost", "ReadmeUrl": "README.md", "LicenseUrl": "LICENSE"}


def test_a_zip_holds_the_files_with_permissions_that_lambda_can_read(built: Path, tmp_path: Path) -> None:
    program = built / "L" / "run"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)

    package.pack(built / "L", tmp_path / "l.zip")

    with zipfile.ZipFile(tmp_path / "l.zip") as archive:
        modes = {one.filename: one.external_attr >> 16 & 0o777 for one in archive.infolist()}
    assert modes == {"python/x.py": 0o644, "run": 0o755}


def test_what_it_is_built_for_is_said_as_to_make_deploy() -> None:
    assert package.Target.from_environment({}) == package.Target("python3.14", "arm64")
    assert package.Target.from_environment({"PYTHON_RUNTIME": "", "ARCHITECTURE": "x86_64"}).architecture == "x86_64"
    assert package.folder().name == f"watchpost-{__version__}"
