"""Starts a program that may touch nothing: no network, one folder to write to, bounded time, memory and files.

Run as a script of its own (standard library, Linux): `confined.py SETTINGS PROGRAM ARGUMENT…`. What the system lets it
put in force it puts in force, writes into ``confined.json`` of the folder, and becomes the program. A user namespace
needs no privileges where the system allows them; where it does not, the limits of `resource` are what is left, and the
file says so.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

NEW_USER, NEW_NET, NEW_MOUNTS, NEW_IPC = 0x10000000, 0x40000000, 0x00020000, 0x08000000
BIND, RECURSIVE, PRIVATE = 4096, 16384, 1 << 18  # of mount(2)
MOUNT_SETATTR = 442  # the same number on every architecture
WHOLE_TREE, READ_ONLY = 0x8000, 1
NO_NEW_PRIVILEGES = 38  # of prctl(2)
NOBODY = 65534
REPORT = "confined.json"


def main(settings: dict[str, object], program: list[str]) -> None:
    """Confines this process and becomes the program; what could not be put in force does not keep it from running."""
    folder = str(settings["folder"])
    done: list[str] = []
    not_done: dict[str, str] = {}

    def attempt(what: str, step: Callable[[], None]) -> bool:
        try:
            step()
        except (OSError, ValueError, AttributeError) as error:
            not_done[what] = str(error)
            return False
        done.append(what)
        return True

    libc = ctypes.CDLL(None, use_errno=True)
    if attempt("no network", lambda: _apart(libc)):
        attempt("read-only file system but for a folder of its own", lambda: _read_only(libc, folder))
    attempt("no new privileges", lambda: _checked(libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)))
    for what, number, amount in _limits(settings):
        attempt(what, lambda number=number, amount=amount: _limit(number, amount))  # type: ignore[misc]
    more = int(str(settings["processes"]))
    attempt(f"{more} processes and threads", lambda: _processes(more))
    Path(folder, REPORT).write_text(json.dumps({"done": done, "not done": not_done}), encoding="utf-8")
    os.execv(program[0], program)


def _limits(settings: dict[str, object]) -> list[tuple[str, int, int]]:
    seconds, space, size = (int(str(settings[key])) for key in ("seconds", "address_space", "file"))
    return [
        (f"{seconds} s of CPU", resource.RLIMIT_CPU, seconds),
        (f"{space >> 30} GiB of address space", resource.RLIMIT_AS, space),
        (f"{size >> 20} MiB a file", resource.RLIMIT_FSIZE, size),
        ("no core file", resource.RLIMIT_CORE, 0),
    ]


def _limit(number: int, amount: int) -> None:
    _, hard = resource.getrlimit(number)
    amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    resource.setrlimit(number, (amount, amount))


def _processes(most: int) -> None:
    """Linux takes the limit of everybody and keeps to it for all but root, so it is tried.

    In a namespace of our own it counts what runs there, else all that the user runs.
    """
    _limit(resource.RLIMIT_NPROC, most)
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, hard))
    try:
        child = os.fork()
    except BlockingIOError:
        return
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, (hard, hard))
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    raise OSError("the system does not count the processes of this user")


def _apart(libc: ctypes.CDLL) -> None:
    """Into namespaces of its own, as nobody in particular: so that it has no capability once it is the program."""
    user, group = os.getuid(), os.getgid()
    _checked(libc.unshare(NEW_USER | NEW_NET | NEW_MOUNTS | NEW_IPC))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user or NOBODY} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group or NOBODY} {group} 1")


def _read_only(libc: ctypes.CDLL, folder: str) -> None:
    """Every mount read-only, but the folder, which is mounted onto itself."""
    _checked(libc.mount(None, b"/", None, RECURSIVE | PRIVATE, None))
    _checked(libc.mount(folder.encode(), folder.encode(), None, BIND, None))
    _set_attributes(libc, b"/", WHOLE_TREE, on=READ_ONLY)
    _set_attributes(libc, folder.encode(), 0, off=READ_ONLY)


def _set_attributes(libc: ctypes.CDLL, path: bytes, flags: int, *, on: int = 0, off: int = 0) -> None:
    attributes = (ctypes.c_uint64 * 4)(on, off, 0, 0)
    _checked(
        libc.syscall(MOUNT_SETATTR, -100, ctypes.c_char_p(path), flags, ctypes.byref(attributes), ctypes.c_size_t(32))
    )


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
