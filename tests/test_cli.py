"""The command line: wrong words are answered in one line, and nothing heavy is imported to say so."""

import signal
import subprocess
import sys

import pytest


def run(*arguments: str, code: str = "from harness.cli import main; main()") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "--layer", "Conv3"), "did you mean Conv3D"),
        (("check", "--layer", "keras.layers.LSTM"), "did you mean LSTM?"),
        (("check", "--route", "hdf"), "did you mean hdf5"),
        (("check", "--json", "no-file", "--junitxml", "./no-file"), "two reports cannot be written to one file"),
        (("check", "--env", "no-such-file"), "no such file"),
        (("check", "--profile", "fast"), "quick"),
        (("chek",), "check"),
        (("check", "--known-issues", "no-such.toml"), "no-such.toml"),
        (("check", "--workers", "0"), "--workers"),
        (("check", "--seed", "1.5"), "no whole number"),
        (("check", "--time-limit", "-1"), "--time-limit"),
        (("check", "--env", __file__), "cannot be run"),
        (("check", "--layer"), "--layer"),
        (("check", "--prof", "ci"), "--profile"),
        (("layers", "--layer", "Dense"), "--layer"),
        (("check", "Dense"), "Dense"),
    ],
)
def test_wrong_usage_is_exit_2_with_a_hint(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2, done.stderr
    assert message.lower() in done.stderr.lower()
    assert len(done.stderr.strip().splitlines()) == 1


def test_help_imports_neither_tensorflow_nor_hypothesis() -> None:
    code = (
        "import sys\nfrom harness.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('tensorflow', 'keras', 'hypothesis', 'numpy') if m in sys.modules])"
    )
    assert run(code=code).stdout.strip().endswith("[]")


def test_an_interpreter_without_tensorflow_is_exit_3_and_says_how_to_install_it(tmp_path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    done = run("check", "--env", str(tmp_path / "bare"), "--json", str(tmp_path / "report.json"))
    assert done.returncode == 3
    assert "pip install" in done.stdout
    assert '"verdict": "error"' in (tmp_path / "report.json").read_text()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_the_encoding_of_the_terminal_lacks_is_no_error(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    code = (
        "from harness import cli\nfrom harness.reporting.console import make_console\n"
        "@cli.app.command\ndef say(): make_console().print('a … ┏ \\ud800')\n"
        "cli.main(['say'])"
    )
    done = run(code=code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("a ")


def test_a_reader_that_has_seen_enough_is_no_finding() -> None:
    code = (
        "from harness import cli\nfrom harness.reporting.console import make_console\n"
        "@cli.app.command\ndef say():\n    for _ in range(9999): make_console().print('a line of some length')\n"
        "cli.main(['say'])"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (128 + signal.SIGPIPE, b"")
