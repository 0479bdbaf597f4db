"""Environments in a cache folder of the test's own, made by a uv that is told what to do."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

FAKE = Path(__file__).with_name("fake_uv.py")


class FakeUv:
    """What uv is told to do, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def does(self, what: str) -> None:
        (self.folder / "does").write_text(what)

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def installs(self) -> int:
        return sum(each.startswith("pip install") and "--dry-run" not in each for each in self.calls)

    def wait_until_begun(self) -> None:
        end = time.monotonic() + 20
        while not (self.folder / "begun").exists():
            assert time.monotonic() < end
            time.sleep(0.02)


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeUv:
    """A uv that is told what to do."""
    folder = tmp_path / "uv"
    folder.mkdir()
    script = folder / "uv"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -S {FAKE} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("UV", str(script))
    monkeypatch.setenv("FAKE_UV", str(folder))
    return FakeUv(folder)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the environments."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "keras-harness" / "environments"
