"""What benchmarks/results, benchmarks/comparisons and benchmarks/attacks share: runs and their evaluations, and how a page says them."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FACEOFF = ROOT / "build/release/bin/faceoff"
AFTER = ("png", "jpeg:75")
RATE = "1e-3"
PICTURES = {".jpg", ".jpeg", ".png"}


@dataclass
class Job:
    """A run and its evaluation."""

    name: str
    experiment: str
    sets: list[str]
    after: tuple[str, ...] = AFTER


def stop(message: str) -> None:
    sys.exit(f"benchmarks/{Path(sys.argv[0]).name}: {message}")


def faceoff(*arguments: str) -> str:
    # A core a job: OpenMP's threads of two jobs would spin against each other.
    done = subprocess.run([FACEOFF, *arguments], cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        stop(f"faceoff {' '.join(arguments)[:300]}\n{done.stderr[-2000:]}")
    return done.stdout


def tallies_of(job: Job, out: Path) -> list[dict[str, Any]]:
    run, sums = out / job.name, out / f"{job.name}.json"
    if not sums.exists():
        if not (run / "results.jsonl").exists():
            # Under its name only once it is whole, so that one that was cut off is made anew.
            sets, half = [word for one in job.sets for word in ("--set", one)], out / f"{job.name}.half"
            shutil.rmtree(half, ignore_errors=True)
            faceoff("run", f"experiments/{job.experiment}.toml", "--out", str(half), *sets)
            half.rename(run)
        after = [word for one in job.after for word in ("--after", one)]
        draft = sums.with_suffix(".draft")
        draft.write_text(faceoff("evaluate", str(run), *after, "--json"))
        draft.replace(sums)
    print(f"{job.name}: done", file=sys.stderr, flush=True)
    return json.loads(sums.read_text())


def share(counts: dict[str, Any] | None, which: str) -> str:
    if counts is None:
        return "–"
    value, (low, high) = counts[which]["share"], counts[which]["interval"]
    return f"{100 * value:.1f} [{100 * low:.0f}, {100 * high:.0f}]"


def wilson(value: float, n: int) -> str:
    """A share of n with its 95 % interval, in %."""
    z = 1.959964
    middle, half = (value + z * z / (2 * n)) / (1 + z * z / n), z * math.sqrt(value * (1 - value) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return f"{100 * value:.1f} [{100 * (middle - half):.0f}, {100 * (middle + half):.0f}]"


def at_rate(recogniser: dict[str, Any], what: str) -> dict[str, Any] | None:
    return recogniser[what].get(RATE)


def commit() -> str:
    return subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()


def machine() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return f"{line.split(':', 1)[1].strip()}, {os.cpu_count()} cores"
    return f"{os.cpu_count()} cores"


def crowd(people: Path) -> int:
    return sum(1 for folder in people.iterdir() if folder.is_dir())


def chosen(people: Path, count: int) -> list[Path]:
    """The first photos of people with at least four, spread over all of them."""
    first = []
    for person in sorted(folder for folder in people.iterdir() if folder.is_dir()):
        photos = sorted(photo for photo in person.iterdir() if photo.suffix.lower() in PICTURES)
        if len(photos) >= 4:
            first.append(photos[0])
    if len(first) < count:
        stop(f"{people} has {len(first)} people with four photos and more, not {count}")
    return [first[i * len(first) // count] for i in range(count)]
