"""report.json of a measurement."""

from __future__ import annotations

import math
import statistics
from typing import Any

from harness.performance.measured import BYTES, DEVICE_MEMORY, MEMORY, TIME, Benchmark
from harness.performance.result import Result
from harness.performance.verdicts import Row, rows, verdict
from harness.reporting.json_report import SCHEMA_VERSION


def report(result: Result) -> dict[str, Any]:
    """The report as plain data, of the shape that every command has; times in seconds, sizes in bytes."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "bench",
        "verdict": verdict(result) if result.compares else result.verdict,
        "options": result.options.to_json(),
        "machine": result.machine,
        "environments": {side: _environment(about) for side, about in result.environments.items()},
        "seconds": round(result.seconds, 2),
        "processes": result.processes,
        "measurements": {
            "made": result.measured,
            "repeated": result.repeated,
            "disturbed": result.disturbed,
            "pairs_off": sorted(result.off),
            "stays": result.stays,
        },
        "stopped": result.stopped,
        "notes": result.notes,
        "problems": result.problems,
        "benchmarks": [_benchmark(result, each) for each in result.benchmarks],
        "comparison": [_row(row, result) for row in rows(result)] if result.compares else [],
    }


def _environment(about: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in about.items() if key not in ("workloads", "quick", "pid")}


def _row(row: Row, result: Result) -> dict[str, Any]:
    found = row.ratio
    whole = found.pairs > 0
    return {
        "name": row.benchmark.name,
        "measure": row.measure,
        "verdict": row.verdict,
        "said": row.said,
        "told": row.told,
        "fails": any(alarm.rings(row) for alarm in result.alarms),
        "baseline": row.baseline,
        "candidate": row.candidate,
        "ratio": found.estimate if whole else None,
        "low": found.low if whole else None,
        "high": found.high if whole and math.isfinite(found.high) else None,
        "p": found.p,
        "pairs": found.pairs,
    }


def _benchmark(result: Result, benchmark: Benchmark) -> dict[str, Any]:
    sides: dict[str, Any] = {}
    for side in result.environments:
        failure = result.failures.get(side, {}).get(benchmark)
        samples = result.of(side, benchmark)
        sides[side] = {
            "failure": None if failure is None else {"reason": failure.reason, "detail": failure.detail},
            **{
                measure: {"median": statistics.median(values), "processes": values}
                for measure in (TIME, MEMORY, DEVICE_MEMORY, BYTES)
                for values in [result.values(side, benchmark, measure)]
                if values
            },
            "rounds": [len(each.seconds) for each in samples],
            "calls_a_round": [each.inner for each in samples],
            "switches": [each.switches for each in samples],
            "others": [round(each.disturbed, 3) for each in samples],
        }
    return {
        "name": benchmark.name,
        "workload": benchmark.workload,
        "operation": benchmark.operation,
        "device": benchmark.device,
        "sides": sides,
    }
