"""Packages of npm and PyPI: fetched by `npm pack` and `pip download`, pinned by version and SHA-256, and taken apart."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent


class Failure(Exception):
    """Something that the user has to know; one line."""


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    sha256: str  # of the tarball or wheel
    megabytes: int
    licence: str
    registry: str = "npm"  # or PyPI, or Debian: installed, not fetched

    @property
    def spec(self) -> str:
        return f"{self.name}{'@' if self.registry == 'npm' else '=='}{self.version}"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def torch_python() -> str:
    """A Python with PyTorch 2.13. That it is one, the conversion itself will show."""
    if chosen := os.environ.get("FACEOFF_PYTHON"):
        return chosen
    local = ROOT / ".venv/bin/python"
    return str(local) if local.exists() else sys.executable


def npm_pack(package: Package, folder: Path) -> list[str]:
    npm = shutil.which("npm")
    if not npm:
        raise Failure(f"npm is not installed, and {package.name} comes by it; scripts/bootstrap installs it")
    command = [npm, "pack", package.spec, "--pack-destination", str(folder), "--cache", str(folder / "cache")]
    command += ["--no-update-notifier", "--fetch-retries=2", "--fetch-retry-mintimeout=1000"]
    return [*command, "--fetch-retry-maxtimeout=5000"]


def pip_download(package: Package, folder: Path) -> list[str]:
    command = [torch_python(), "-m", "pip", "download", package.spec, "--no-deps", "--only-binary", ":all:"]
    command += ["--dest", str(folder), "--cache-dir", str(folder / "cache"), "--retries", "2"]
    return [*command, "--quiet", "--no-input", "--disable-pip-version-check"]


def installed_files(package: Package) -> list[Path]:
    """The files of a Debian package that is installed here."""
    run = subprocess.run(["dpkg-query", "-L", package.name], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode != 0:
        raise Failure(f"{package.name} is not installed, and its files come by apt-get; scripts/bootstrap installs it")
    return [Path(line) for line in run.stdout.splitlines()]


def fetch(package: Package, folder: Path) -> Path:
    """The package's tarball or wheel, checked."""
    command = (npm_pack if package.registry == "npm" else pip_download)(package, folder)
    say(f"fetching {package.spec} ({package.megabytes} MB)")
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder)
    shutil.rmtree(folder / "cache", ignore_errors=True)
    tool = "npm" if package.registry == "npm" else "pip"
    if run.returncode != 0:
        reasons = [re.sub(r"^(npm (error|ERR!)|ERROR:|WARNING:) ", "", line) for line in run.stderr.splitlines()]
        reason = "; ".join(reasons[:3]) or "no message"
        if re.search("EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|NewConnectionError", reason):
            reason = f"no connection to its registry ({reason})"
        raise Failure(f"{tool} could not fetch {package.spec}: {reason}")
    archives = [*folder.glob("*.tgz"), *folder.glob("*.whl")]
    if len(archives) != 1:
        raise Failure(f"{tool} left {len(archives)} archives of {package.spec}, expected one")
    found = sha256(archives[0])
    if found != package.sha256:
        raise Failure(f"{package.spec} is not the pinned package: SHA-256 is {found}, expected {package.sha256}")
    return archives[0]


def contents(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of a tarball or wheel by their names in the package."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                with wheel.open(name) as content:
                    yield name, content
        return
    with tarfile.open(archive) as tarball:
        for entry in tarball:
            if content := tarball.extractfile(entry):
                yield entry.name.removeprefix("package/"), content


def extract(archive: Path, members: set[str], folder: Path) -> None:
    """Only the named members, as plain files."""
    for name, content in contents(archive):
        if name in members:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                shutil.copyfileobj(content, file)
    absent = [name for name in sorted(members) if not (folder / name).is_file()]
    if absent:
        raise Failure(f"{archive.name} has no {', '.join(absent)}")


@contextmanager
def workshop(home: Path) -> Iterator[Path]:
    """A folder beside the products, so that they can be renamed into place; one process at a time."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another call of this script")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in home.glob(".making-*"):  # by a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=home) as folder:
            yield Path(folder)
