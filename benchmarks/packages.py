"""What `check_layer` and `check_model` say of the layers of public packages.

    python benchmarks/packages.py keras-hub [--only TransformerDecoder] [--text] [--markdown]

Prints a line for each case: passed, or the checks that failed, and how many failures are Keras's own; `--text` prints
the whole reports, `--markdown` rows for docs/packages.md. What cannot be imported or built is counted apart, and what
was not tried is no pass. The package must be installed beside Keras and TensorFlow; no weights are downloaded.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import warnings
from collections.abc import Iterator
from importlib.metadata import version

from package_cases import PACKAGES, Case

from harness.own import check_layer, check_model
from harness.own.names import BUILD
from harness.own.report import Report

UNREGISTERED = "failed for registration alone"


def checked(case: Case) -> Report:
    """The report of a case. Raises what the import of its module raises."""
    module, _, name = case.path.rpartition(".")
    made = getattr(importlib.import_module(module), name)
    if case.is_model:
        return check_model(lambda: made(**case.arguments), inputs=case.inputs, raise_on_failure=False)
    return check_layer(made, dict(case.arguments), inputs=case.inputs, keywords=case.keywords, raise_on_failure=False)


def outcome(report: Report) -> str:
    """What is counted: a class that is not registered is told apart, for all of a package are or none."""
    if report.of(BUILD):
        return "not built"
    checks = {name for each in report.failures for name in (each.check, *each.also)}
    return "passed" if not checks else UNREGISTERED if checks == {"registration"} else "failed"


def told(report: Report) -> Iterator[str]:
    """A line for each failure: its checks, and the first line of what it says."""
    for each in report.failures:
        yield f"{', '.join((each.check, *each.also))}: {each.title}"[:300]


def main() -> None:
    parser = argparse.ArgumentParser(description="What check_layer and check_model say of the layers of a package.")
    parser.add_argument("package", choices=PACKAGES)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--text", action="store_true", help="print the whole reports")
    parser.add_argument("--markdown", action="store_true", help="print rows of a table")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    package = PACKAGES[given.package]
    counts = dict.fromkeys(("passed", "failed", UNREGISTERED, "not built"), 0)
    for case in package.cases:
        if given.only not in case.name:
            continue
        try:
            report = checked(case)
            so, lines, known = outcome(report), list(told(report)), len(report.known)
            text = report.text() if given.text else ""
        except (ImportError, AttributeError) as error:
            so, lines, known, text = "not built", [f"{type(error).__name__}: {error}"], 0, ""
        counts[so] += 1
        own = f"; {known} of Keras's own" if known else ""
        if given.markdown:
            checks = ", ".join(dict.fromkeys(line.partition(": ")[0] for line in lines))
            print(f"| `{case.name}` | {so} | {checks} | {known or ''} |", flush=True)
        else:
            print("\n    ".join([f"{case.name}: {so}{own}", *lines]), flush=True)
        if text:
            print(text, flush=True)
    for name, reason in package.not_tried.items():
        print(f"| `{name}` | not tried | {reason} | |" if given.markdown else f"{name}: not tried: {reason}")
    told_counts = ", ".join(f"{count} {name}" for name, count in counts.items())
    print(f"\n{given.package} {version(given.package)}: {told_counts}, {len(package.not_tried)} groups not tried")


if __name__ == "__main__":
    main()
