"""Makes a release of what was built: a template with zips beside it, the same bytes each time; `make package`.

`.local/dist/watchpost-<version>/` is all that `sam deploy` needs. With a bucket, `sam package` puts the zips there and
writes `packaged.yaml`, which is what CloudFormation and the Serverless Application Repository take.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from watchpost import __version__

from local.errors import LocalError
from local.state import CHECKOUT, SHARED, tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DIST = SHARED / "dist"
BUILT = DIST / "build"
BESIDE = ("README.md", "LICENSE", "CHANGELOG.md")
SUMS = "SHA256SUMS"
CODE = ("CodeUri", "ContentUri")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can tell
APPLICATION = "AWS::ServerlessRepo::Application"


@dataclass(frozen=True, slots=True)
class Target:
    """What a release is built for. The layers' code fits these alone."""

    runtime: str
    architecture: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Target:
        """As `make deploy` takes it: PYTHON_RUNTIME and ARCHITECTURE, else the defaults of template.yaml."""
        return cls(environ.get("PYTHON_RUNTIME") or "python3.14", environ.get("ARCHITECTURE") or "arm64")


def folder(version: str = __version__) -> Path:
    """Where a version's release lies."""
    return DIST / f"watchpost-{version}"


def build(target: Target) -> Path:
    """Build functions and layers for Lambda, in a folder of its own. Raises LocalError."""
    environment = {
        "WATCHPOST_PYTHON": target.runtime.removeprefix("python"),
        "WATCHPOST_ARCHITECTURE": target.architecture,
        "PYTHON": tool("project", "python"),
        "AWS_DEFAULT_REGION": "us-east-1",  # sam wants one, and asks nobody in it
    }
    parameters = [f"PythonRuntime={target.runtime}", f"Architecture={target.architecture}"]
    overrides = ["--parameter-overrides", "ElasticsearchUrl=https://localhost:9200", *parameters]
    _sam(["build", "--template", "template.yaml", "--build-dir", str(BUILT), *overrides], environment)
    return BUILT


def assemble(built: Path, to: Path, target: Target) -> Path:
    """Make a release of what `sam build` left in a folder. Returns its template."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    template = yaml.safe_load((built / "template.yaml").read_text())
    for resource in template["Resources"].values():
        properties = resource.get("Properties") or {}
        for name in CODE:
            if isinstance(properties.get(name), str):
                pack(built / properties[name], to / f"{properties[name]}.zip")
                properties[name] = f"{properties[name]}.zip"
    for name in BESIDE:
        shutil.copyfile(CHECKOUT / name, to / name)
    template["Metadata"][APPLICATION] |= {"ReadmeUrl": "README.md", "LicenseUrl": "LICENSE"}
    # The layers hold code for one Python and one processor: no others can be asked for.
    for name, value in (("PythonRuntime", target.runtime), ("Architecture", target.architecture)):
        template["Parameters"][name] |= {"Default": value, "AllowedValues": [value]}
    written = to / "template.yaml"
    written.write_text(yaml.safe_dump(template, sort_keys=False, width=120))
    (to / SUMS).write_text(sums(to))
    return written


def pack(source: Path, to: Path) -> None:
    """Zip a folder: always the same bytes for the same files, whenever and by whomever it is done."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(one for one in source.rglob("*") if one.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, whose permissions the next line has
            entry.external_attr = (0o100755 if os.access(path, os.X_OK) else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())


def sums(of: Path) -> str:
    """What `sha256sum` prints for the files of a folder."""
    files = sorted(path for path in of.iterdir() if path.name not in (SUMS, "packaged.yaml"))
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)


def upload(template: Path, bucket: str, environment: Mapping[str, str] | None = None) -> Path:
    """Put a release into a bucket. Returns the template that names what lies there. Raises LocalError.

    environment: variables beside those of the shell.
    """
    packaged = template.with_name("packaged.yaml")
    where = ["--s3-bucket", bucket, "--s3-prefix", f"watchpost/{__version__}"]
    _sam(
        ["package", "--template-file", str(template), "--output-template-file", str(packaged), *where],
        environment or {},
    )
    return packaged


def _sam(arguments: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        [tool("sam", "sam"), *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        DIST.mkdir(parents=True, exist_ok=True)
        log = DIST / f"sam-{arguments[0]}.log"
        log.write_text(done.stdout + done.stderr)
        problem = f"sam {arguments[0]} failed: {_last_line(done.stderr or done.stdout)}"
        raise LocalError(problem, f"All of what it said is in {log.relative_to(CHECKOUT)}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"\s+", " ", lines[-1] if lines else "it said nothing")[:400]


def main(arguments: list[str] | None = None) -> int:
    """Build, make the release, and upload it where a bucket is named."""
    parser = argparse.ArgumentParser(prog="make package", description=__doc__)
    parser.add_argument("--bucket", help="S3 bucket that gets the zips")
    options: Any = parser.parse_args(arguments)
    target = Target.from_environment(os.environ)
    try:
        template = assemble(build(target), folder(), target)
        sys.stdout.write(f"{template.parent.relative_to(CHECKOUT)}: {target.runtime}, {target.architecture}\n")
        sys.stdout.write((template.parent / SUMS).read_text())
        if options.bucket:
            packaged = upload(template, options.bucket)
            sys.stdout.write(f"{packaged.relative_to(CHECKOUT)} names what lies in s3://{options.bucket}\n")
    except LocalError as error:
        sys.stderr.write(f"watchpost: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
