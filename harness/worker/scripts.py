"""Runs scripts that show something, one after another in one process: for each, whether it shows.

    python scripts.py FILE    FILE holds a JSON list of {"source", "folder"}; FILE.out gets a JSON list of answers

A script is a program that exits 1 while it shows its issue and 0 when it does not. One that raises has shown
nothing: the error is the answer. Each runs in the folder that is named, with Keras as it was at first.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

SHOWS = "The fault shows."  # the last words of a script that does, if it has any


def answer(source: str) -> dict[str, Any]:
    """Runs one script: ``shows`` is True or False, or ``error`` says why it told neither.

    ``said`` are its last words, where it ends with some, and ``ended`` is set where it came to its last line.
    """
    start = time.perf_counter()
    seen: dict[str, Any] = {}
    try:
        exec(compile(source, "<script>", "exec"), {"__name__": "__main__"})
        seen["error"] = "it ended without an exit code"
        seen["ended"] = True
    except SystemExit as end:
        if end.code in (0, 1, None):
            seen["shows"] = bool(end.code)
        elif isinstance(end.code, str) and end.code.endswith(SHOWS):
            seen["shows"], seen["said"] = True, end.code
        else:
            seen["error"] = f"it ended with {end.code!r}"
    except BaseException as error:
        line = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<script>"]
        seen["error"] = f"{type(error).__name__} in line {line[-1] if line else '?'}: {str(error)[:500]}"
    seen["seconds"] = time.perf_counter() - start
    return seen


def main() -> None:
    """Answers each script of the file; what is printed goes to standard error."""
    path = Path(sys.argv[1]).resolve()
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [entry for entry in sys.path if entry != here]  # its modules must not be taken for others
    sys.stdout = sys.stderr
    if os.environ.get("TF_USE_LEGACY_KERAS") == "1":
        import tf_keras as keras

        sys.modules["keras"] = keras  # for the scripts, which say `import keras`
    else:
        import keras

    dtype, floatx = keras.mixed_precision, keras.backend.floatx()
    policy = dtype.dtype_policy() if hasattr(dtype, "dtype_policy") else dtype.global_policy()
    set_policy = getattr(dtype, "set_dtype_policy", None) or dtype.set_global_policy
    answers = []
    for script in json.loads(path.read_text(encoding="utf-8")):
        os.chdir(script["folder"])
        answers.append(answer(script["source"]))
        keras.backend.clear_session()
        keras.backend.set_floatx(floatx)
        set_policy(policy)
        path.with_suffix(".out").write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    main()
