"""docs/python.md, word for word."""

from __future__ import annotations

import logging
import re
from pathlib import Path

page = Path("docs/python.md").read_text(encoding="utf-8")


def test_every_block_runs(tmp_path, monkeypatch):
    for name in ("models", "docs"):
        (tmp_path / name).symlink_to(Path(name).resolve())
    (tmp_path / "build").mkdir()
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "docs_python"}
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 8
    for block in blocks:
        logging.info("%s", block)
        exec(compile(block, "docs/python.md", "exec"), names)
