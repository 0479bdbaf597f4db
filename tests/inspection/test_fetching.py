"""What lies elsewhere is fetched only if that is allowed, within a budget, and nothing of it stays behind."""

from __future__ import annotations

import http.server
import json
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import fsspec
import pytest

from harness.commands.fetching import Fetched
from harness.commands.validate import validate
from harness.settings import Usage
from tests.inspection import building as b
from tests.inspection.bad_references import with_lambda


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """A folder in fsspec's memory with two models and a text."""
    system = fsspec.filesystem("memory")
    for name, config in (("good.keras", None), ("bad.keras", with_lambda(b.python_lambda()))):
        system.pipe(f"/models/{name}", b.keras(tmp_path, config).read_bytes())
    system.pipe("/models/read.me", b"no model")
    yield "memory://models"
    system.rm("/models", recursive=True)


def run(*names: str, **options: object) -> tuple[int, list[tuple[str, str]]]:
    report = Path("report.json")
    code = validate(*names, load=False, json=report, **options)  # type: ignore[arg-type]
    return code, [(each["file"], each["verdict"]) for each in json.loads(report.read_text())["files"]]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()


def test_nothing_is_fetched_that_was_not_allowed(elsewhere: str) -> None:
    with pytest.raises(Usage, match="--allow-remote"):
        run(f"{elsewhere}/good.keras")


def test_a_file_and_a_folder_elsewhere_are_inspected_under_their_urls(elsewhere: str, tmp_path: Path) -> None:
    code, files = run(f"{elsewhere}/good.keras", allow_remote=True)
    assert (code, files) == (0, [(f"{elsewhere}/good.keras", "ok")])
    code, files = run(elsewhere, allow_remote=True)
    assert code == 1
    assert [verdict for _, verdict in files] == ["unsafe", "ok"]
    assert all(name.startswith("memory://") for name, _ in files)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_what_is_too_large_or_missing_is_not_fetched(elsewhere: str, tmp_path: Path) -> None:
    code, files = run(f"{elsewhere}/good.keras", allow_remote=True, limit=("fetched-bytes=100",))
    assert (code, files) == (3, [(f"{elsewhere}/good.keras", "unsupported")])
    assert run(f"{elsewhere}/gone.keras", allow_remote=True)[0] == 3
    assert run("nosuch://gone.keras", allow_remote=True)[0] == 3
    assert list((tmp_path / "temporary").iterdir()) == []


def test_the_budget_counts_what_comes_and_not_what_was_announced(
    elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(fsspec.filesystem("memory")), "size", lambda self, path: None)
    fetched = Fetched(allowed=True, most=100)
    ((path, _, why),) = fetched.paths(f"{elsewhere}/good.keras")
    assert "more than the 100 bytes" in why
    assert not path.exists()
    fetched.close()


def test_a_model_comes_over_http(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    b.keras(tmp_path)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/model.keras"
        code, files = run(url, allow_remote=True)
        server.shutdown()
    assert (code, files) == (0, [(url, "ok")])


def test_in_sarif_it_stands_under_its_url(elsewhere: str, tmp_path: Path) -> None:
    validate(f"{elsewhere}/bad.keras", load=False, allow_remote=True, sarif=Path("report.sarif"))
    (result,) = json.loads(Path("report.sarif").read_text())["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == f"{elsewhere}/bad.keras"
