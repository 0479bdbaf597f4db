"""One string names an environment, and every way of writing the same one names the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.environments.pythons import python_for
from harness.environments.wanted import Unreadable, is_path, wanted


def key(text: str) -> str:
    return wanted(text).key("3.11")


def test_requirements_are_read_word_by_word_and_python_is_none_of_them() -> None:
    found = wanted("python==3.11 tensorflow-cpu==2.18.1 keras==3.6.0")
    assert found.python == "3.11"
    assert found.lines == ("tensorflow-cpu==2.18.1", "keras==3.6.0")
    assert found.interpreter is None


@pytest.mark.parametrize(
    ("asked", "python"),
    [
        ("python==3.10", "3.10"),
        ("python==3.10.*", "3.10"),
        ("python==3.10.13", "3.10.13"),
        ("python>=3.10,<3.12", "<3.12,>=3.10"),
        ("Python==3.9", "3.9"),
        ("python", None),
    ],
)
def test_python_is_asked_of_uv_as_people_mean_it(asked: str, python: str | None) -> None:
    assert wanted(f"tensorflow {asked}").python == python


@pytest.mark.parametrize(
    "same",
    [
        "keras==3.6.0 tensorflow-cpu==2.18.1",
        "TensorFlow_CPU==2.18.1   keras==3.6.0",
        " tensorflow-cpu==2.18.1 keras==3.6.0 keras==3.6.0",
    ],
)
def test_order_and_spelling_do_not_matter(same: str) -> None:
    assert key(same) == key("tensorflow-cpu==2.18.1 keras==3.6.0")


def test_the_key_is_the_same_tomorrow() -> None:
    assert key("tensorflow-cpu==2.18.1 keras==3.6.0") == "749f37e04d91"


def test_another_release_python_or_setting_of_uv_is_another_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "tensorflow-cpu==2.18.1"
    keys = {key(text), wanted(text).key("3.12"), key(f"{text} keras==3.6.0"), key("tensorflow-cpu==2.18.0")}
    monkeypatch.setenv("UV_EXCLUDE_NEWER", "2025-01-01")
    assert len({*keys, key(text)}) == 5


def test_a_requirements_file_stands_for_what_is_in_it(tmp_path: Path) -> None:
    file = tmp_path / "old.txt"
    file.write_text("# ours\ntensorflow-cpu==2.18.1  # pinned\n\npython==3.10\nkeras==3.6.0\n")
    found = wanted(str(file))
    assert (found.python, found.lines) == ("3.10", ("tensorflow-cpu==2.18.1", "keras==3.6.0"))
    assert found.key("3.11") == key("tensorflow-cpu==2.18.1 keras==3.6.0")


def test_what_a_requirements_file_names_beside_it_is_part_of_it(tmp_path: Path) -> None:
    file, nested = tmp_path / "old.txt", tmp_path / "more.txt"
    file.write_text("tensorflow\n-c more.txt\n")
    nested.write_text("keras==3.6.0\n")
    assert wanted(str(file)).lines == ("tensorflow", f"-c {nested}")
    before = key(str(file))
    nested.write_text("keras==3.7.0\n")
    assert key(str(file)) != before


def test_what_a_file_takes_in_at_any_depth_is_asked_for_as_well(tmp_path: Path) -> None:
    top, inner = tmp_path / "requirements.txt", tmp_path / "the base"
    inner.mkdir()
    base, deep, limits, more = (inner / name for name in ("base.txt", "deep.txt", "limits.txt", "more limits.txt"))
    top.write_text("-r the base/base.txt\n--requirement=the base/deep.txt\n")
    base.write_text("tensorflow-cpu==2.17.1\n-rdeep.txt\n-climits.txt\n")
    deep.write_text("python==3.10\ntf_keras  # the old one\n-r base.txt\n")  # in a circle
    limits.write_text("-c more limits.txt\n")
    more.write_text("numpy<2\n-c limits.txt\n")
    found = wanted(str(top))
    assert found.lines == ("tensorflow-cpu==2.17.1", "tf_keras", f"-c {limits}")
    assert (found.python, found.legacy) == ("3.10", True)
    before = key(str(top))
    more.write_text("numpy<1.26\n")
    assert key(str(top)) != before


def test_a_file_that_is_taken_in_and_not_there_is_told_by_uv(tmp_path: Path) -> None:
    top = tmp_path / "requirements.txt"
    top.write_text("tensorflow-cpu\n-r gone.txt\n")
    assert wanted(str(top)).lines == ("tensorflow-cpu", f"-r {tmp_path / 'gone.txt'}")


def test_a_requirements_file_may_hold_hashes_options_and_addresses(tmp_path: Path) -> None:
    file = tmp_path / "locked.txt"
    file.write_text(
        "--require-hashes\nkeras==3.6.0 \\\n    --hash=sha256:12 \\\n    --hash=sha256:34\ntensorflow==2.18.1\n"
        "https://example.org/mine.whl\n"
    )
    found = wanted(str(file))
    assert [each.name for each in found.requirements] == ["keras", "tensorflow"]
    assert len(found.lines) == 4
    before = found.key("3.11")
    file.write_text(file.read_text().replace("34", "56"))
    assert key(str(file)) != before


def test_a_wheel_that_lies_here_is_one_of_the_requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wheel = tmp_path / "tensorflow-9-py3-none-any.whl"
    wheel.write_text("a")
    text = f"python==3.11 ./{wheel.name} keras"
    assert wanted(text).lines == (str(wheel), "keras")
    before = key(text)
    wheel.write_text("another")
    assert key(text) != before


def test_a_requirements_file_is_known_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old.txt").write_text("tensorflow\n")
    monkeypatch.chdir(tmp_path)
    assert wanted("old.txt").asked == str(tmp_path / "old.txt")


def test_legacy_keras_is_asked_for_by_its_name() -> None:
    assert wanted("tensorflow==2.21 tf_keras").legacy
    assert wanted("tensorflow==2.21 tf-keras==2.21").legacy
    assert not wanted("tensorflow==2.21 keras").legacy


def test_interpreters_and_virtual_environments_are_taken_as_they_are(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.touch(mode=0o755)
    assert wanted(str(tmp_path)).interpreter == wanted(str(python)).interpreter == python


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no environment"),
        ("no/such/python", "no such file"),
        (".venv", "no such file"),
        ("venv", "no such file"),
        ("old/requirements.txt", "is no requirements file: no such file"),
        ("tensorflow >=2.12", "'>=2.12' is no requirement"),
        ("tensorflow=2.12 keras", "'tensorflow=2.12' is no requirement"),
        ("python==3.11", "asks for no TensorFlow"),
        ("tensorflow keras==3.15.1 keras_nightly", "asks for keras and for keras-nightly"),
    ],
)
def test_what_names_no_environment_is_told(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the project's own folder may have a .venv
    with pytest.raises(Unreadable, match=said):
        wanted(text)


def test_a_file_that_is_neither_interpreter_nor_requirements_is_told(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    file.write_text("buy milk\n")
    with pytest.raises(Unreadable, match="cannot be run"):
        wanted(str(file))


def test_a_string_is_a_path_where_it_looks_like_one(tmp_path: Path) -> None:
    (tmp_path / "old" / "bin").mkdir(parents=True)
    (tmp_path / "old" / "bin" / "python").touch()
    assert is_path("old", tmp_path)
    assert is_path(".venv", tmp_path)
    assert is_path("envs/tf", tmp_path)
    assert not is_path("tensorflow", tmp_path)
    assert not is_path("tensorflow==2.18.1", tmp_path)
    assert not is_path("keras@https://example.org/keras.whl tensorflow", tmp_path)


@pytest.mark.parametrize(
    ("asked", "own", "python"),
    [
        ("tensorflow-cpu==2.12.1", (3, 11), "3.11"),
        ("tensorflow-cpu==2.12.*", (3, 13), ">=3.9,<3.12"),
        ("tensorflow==2.15.1", (3, 12), ">=3.9,<3.12"),
        ("tensorflow==2.18.0", (3, 12), "3.12"),
        ("tensorflow>=2.12,<2.16", (3, 12), ">=3.9,<3.12"),
        ("tensorflow", (3, 13), "3.13"),
        ("tensorflow", (3, 14), ">=3.10,<3.14"),
        ("tf-nightly keras-nightly", (3, 13), "3.13"),
        ("tensorflow==9.1", (3, 11), "3.11"),
    ],
)
def test_an_interpreter_is_chosen_for_which_that_tensorflow_has_wheels(
    asked: str, own: tuple[int, int], python: str
) -> None:
    assert python_for(wanted(asked).requirements, own) == python
