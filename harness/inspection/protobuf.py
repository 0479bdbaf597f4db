"""Protobuf's wire format, read with bounds: enough of it to find names in graphs."""

from __future__ import annotations

from collections.abc import Iterator

from harness.inspection.clock import Clock


class Broken(ValueError):
    """No protobuf."""


class Budget:
    """How many messages may still be read, and whether there is time."""

    def __init__(self, messages: int, clock: Clock) -> None:
        self.left, self.clock = messages, clock

    def take(self) -> None:
        self.clock.tick()
        self.left -= 1
        if self.left < 0:
            raise MemoryError


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Broken("a number that does not end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7


def fields(data: memoryview, budget: Budget) -> Iterator[tuple[int, memoryview]]:
    """The fields that have a length: messages, strings, bytes. Groups are read over, as what is unknown to a reader."""
    at = groups = 0
    while at < len(data):
        budget.take()
        tag, at = _varint(data, at)
        if tag >> 32:  # some readers take the lower 32 bits: it would be another field there
            raise Broken("a tag that is too large")
        kind = tag & 7
        if kind == 0:
            _, at = _varint(data, at)
        elif kind == 1:
            at += 8
        elif kind == 2:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise Broken("a field that is longer than what is left")
            if not groups:
                yield tag >> 3, data[at : at + length]
            at += length
        elif kind == 3:
            groups += 1
        elif kind == 4 and groups:
            groups -= 1
        elif kind == 5:
            at += 4
        else:
            raise Broken(f"a field of kind {kind}")
    if at > len(data) or groups:
        raise Broken("a number that is longer than what is left")


def numbers(data: memoryview, budget: Budget) -> Iterator[int]:
    """The numbers of a packed field."""
    at = 0
    while at < len(data):
        budget.take()
        value, at = _varint(data, at)
        yield value


def text(data: memoryview, number: int, budget: Budget) -> str:
    """The string of this number; of several the last counts, as in every reader."""
    found = b""
    for kind, part in fields(data, budget):
        if kind == number:
            found = bytes(part[:200])
    return found.decode("utf-8", "replace")


NODE_OP = 2  # NodeDef.op


def operation(node: str, budget: Budget) -> str:
    """The operation of a NodeDef that stands in a config as text; empty where it cannot be read."""
    try:
        return text(memoryview(node.encode("utf-8")), NODE_OP, budget)
    except (UnicodeEncodeError, Broken, MemoryError):
        return ""
