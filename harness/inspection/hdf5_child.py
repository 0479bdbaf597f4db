"""The process that reads HDF5: a file after the other, each a line of JSON in and a line of JSON out.

HDF5 is read by a C library which somebody else's bytes can bring down, so it is not read where a fault would matter.
Before the first file this process gives up what it does not need: writing, the network, other programs, unpickling.
No link is followed, no external or virtual dataset opened, no filter plug-in looked for.

It is started as a script, without the rest of the package: what it imports is what it costs.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import signal
import stat
import sys
from typing import Any

TEXT_ATTRIBUTES = ("model_config", "training_config", "keras_version", "backend", "layer_names", "weight_names",
                   "name", "dtype")  # fmt: skip
PIECES = 1000  # of a list of names
BLOCK = 8 << 20  # bytes of a dataset that are looked at in one go
DIGEST = 1 << 20  # datasets up to this are compared with each other
BUILT_IN_FILTERS = {1, 2, 3, 4, 5, 6}  # deflate, shuffle, fletcher32, szip, n-bit, scale-offset


def plain(path: str, flags: int) -> int:
    """What `open` is given as its opener; raises OSError where there is no plain file: a pipe would be waited for."""
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "no plain file any more", path)
    return handle


class Window:
    """A file, or a part of one as a file: the HDF5 inside a zip that does not compress it."""

    def __init__(self, path: str, offset: int = 0, length: int | None = None) -> None:
        self._file = open(path, "rb", buffering=0, opener=plain)  # noqa: SIM115
        self.length = os.fstat(self._file.fileno()).st_size if length is None else length
        self._offset, self._at = offset, 0

    def opened(self) -> Any:
        """What h5py is given for a whole file: never the path, where something else may stand by now.

        From a path it reads many small datasets in two thirds of the time, and on Linux each open file has one.
        """
        path = f"/proc/self/fd/{self._file.fileno()}"
        return path if os.path.exists(path) else self

    def seek(self, at: int, whence: int = 0) -> int:
        self._at = at + (0, self._at, self.length)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, into: Any) -> int:
        view = memoryview(into).cast("B")[: max(0, self.length - self._at)]
        self._file.seek(self._offset + self._at)
        count = self._file.readinto(view) or 0
        self._at += count
        return count

    def read(self, count: int = -1) -> bytes:
        left = max(0, self.length - self._at)
        self._file.seek(self._offset + self._at)
        data = self._file.read(left if count < 0 else min(count, left))
        self._at += len(data)
        return data

    def write(self, _: Any) -> int:
        raise OSError("read only")

    def truncate(self, _: Any = None) -> int:
        raise OSError("read only")

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self._file.close()


class Reading:
    """What is found in one file."""

    def __init__(self, limits: dict[str, Any]) -> None:
        self.limits = limits
        self.left = limits["hdf5_total_floor"]  # bytes that all datasets may declare; more where the file is large
        self.findings: list[tuple[str, str, str]] = []
        self.datasets: list[dict[str, Any]] = []
        self.groups: dict[str, dict[str, Any]] = {}
        self.objects = 0
        self._seen: set[Any] = set()
        self._stopped = False

    def add(self, rule: str, where: str, what: str) -> None:
        if len(self.findings) < 2000:
            self.findings.append((rule, where, what))

    def file(self, file: Any) -> None:
        level = [("/", file.id, 0)]
        self._attributes("/", h5py.h5o.open(file.id, b"/"))
        while level and not self._stopped:
            path, group, depth = level.pop()
            for name in self._names(path, group):
                self.objects += 1
                if self.objects > self.limits["hdf5_objects"] or depth > self.limits["hdf5_depth"]:
                    self.add("hdf5-bomb", path, f"more than {self.limits['hdf5_objects']:,} objects, or deeper than "
                             f"{self.limits['hdf5_depth']}")  # fmt: skip
                    self._stopped = True
                    break
                self._member(path, group, name, depth, level)

    def _names(self, path: str, group: Any) -> list[bytes]:
        try:
            if isinstance(group, h5py.h5f.FileID):
                group = h5py.h5g.open(group, b"/")
            return list(group)
        except Exception as error:
            self.add("hdf5-broken", path, f"its members cannot be listed: {error}")
            return []

    def _member(self, path: str, group: Any, name: bytes, depth: int, level: list[Any]) -> None:
        where = f"{path.rstrip('/')}/{name.decode('utf-8', 'replace')}"
        try:
            if isinstance(group, h5py.h5f.FileID):
                group = h5py.h5g.open(group, b"/")
            link = group.links.get_info(name)
            if link.type == h5py.h5l.TYPE_EXTERNAL:
                target = group.links.get_val(name)
                self.add("hdf5-link", where, f"a link to {_text(target[1])} in the file {_text(target[0])}")
                return
            if link.type == h5py.h5l.TYPE_SOFT:
                self.add("hdf5-soft-link", where, f"a soft link to {_text(group.links.get_val(name))}")
                return
            if link.type != h5py.h5l.TYPE_HARD:
                self.add("hdf5-link", where, "a link of a kind that only a plug-in can follow")
                return
            thing = h5py.h5o.open(group, name)
            info = h5py.h5o.get_info(thing)
            key = (info.fileno, info.addr)
            if key in self._seen:
                self.add("hdf5-broken", where, "the same object stands at two places")
                return
            self._seen.add(key)
            if isinstance(thing, h5py.h5g.GroupID):
                self._attributes(where, thing)
                level.append((where, thing, depth + 1))
            elif isinstance(thing, h5py.h5d.DatasetID):
                self._dataset(where, thing)
            else:
                self.add("hdf5-broken", where, "neither group nor dataset")
        except MemoryError:
            self.add("hdf5-bomb", where, "more memory than the limit")
        except Exception as error:
            if "memory allocation failed" in str(error):  # as HDF5 itself says it
                self.add("hdf5-bomb", where, f"more memory than the limit: {error}")
                return
            self.add("hdf5-broken", where, str(error))

    def _attributes(self, path: str, thing: Any) -> None:
        found: dict[str, Any] = {}
        try:
            for name in TEXT_ATTRIBUTES if h5py.h5a.get_num_attrs(thing) else ():
                # A long list of names stands in pieces: layer_names0, layer_names1 and so on.
                for piece in (name, *(f"{name}{at}" for at in range(PIECES))) if name.endswith("names") else (name,):
                    if h5py.h5a.exists(thing, piece.encode()):
                        attribute = h5py.h5a.open(thing, piece.encode())
                        found[piece] = self._attribute(f"{path}@{piece}", attribute, thing)
                    elif piece != name:
                        break
        except MemoryError:
            raise
        except Exception as error:
            self.add("hdf5-broken", path, f"its attributes cannot be read: {error}")
        self.groups[path] = {key: value for key, value in found.items() if value is not None}

    def _attribute(self, where: str, attribute: Any, thing: Any) -> Any:
        kind, count = attribute.get_type(), numpy.prod(attribute.shape or (1,), dtype=object)
        size = int(count) * kind.get_size()
        if size > self.limits["hdf5_attribute"]:
            self.add("hdf5-bomb", where, f"an attribute of {size:,} bytes; the limit is "
                     f"{self.limits['hdf5_attribute']:,}")  # fmt: skip
            return None
        if not isinstance(kind, h5py.h5t.TypeStringID):
            if where.endswith("config"):
                self.add("config-shape", where, "no text")
            return None
        values = h5py.AttributeManager(_Holder(thing))[attribute.name.decode()]
        if isinstance(values, (bytes, str)):
            return _text(values)
        return [_text(each) for each in numpy.asarray(values).reshape(-1).tolist()]

    def _dataset(self, where: str, dataset: Any) -> None:
        layout = dataset.get_create_plist()
        external = layout.get_external_count()
        if external:
            names = [_text(layout.get_external(index)[0]) for index in range(min(external, 5))]
            self.add("hdf5-external", where, f"its values lie in {', '.join(names)}")
            return
        if layout.get_layout() == h5py.h5d.VIRTUAL:
            self.add("hdf5-virtual", where, "its values are put together from other datasets")
            return
        kind = dataset.get_type()
        shape = tuple(dataset.shape) if dataset.get_space().get_simple_extent_type() != h5py.h5s.NULL else (0,)
        declared = kind.get_size()
        for each in shape:
            declared *= each
        stored = dataset.get_storage_size()
        entry: dict[str, Any] = {"path": where, "shape": shape, "declared": declared, "stored": stored}
        self.datasets.append(entry)
        filters = [layout.get_filter(index)[0] for index in range(layout.get_nfilters())]
        foreign = [each for each in filters if each not in BUILT_IN_FILTERS]
        if foreign:
            self.add("hdf5-filter", where, f"filter {foreign[0]}")
            return
        if layout.get_layout() == h5py.h5d.CHUNKED:
            chunk = kind.get_size()
            for each in layout.get_chunk():
                chunk *= each
            if chunk > self.limits["hdf5_chunk"]:
                self.add("hdf5-bomb", where, f"a chunk of {chunk:,} bytes; the limit is {self.limits['hdf5_chunk']:,}")
                return
        limit = max(self.limits["hdf5_ratio_floor"], stored * self.limits["hdf5_ratio"])
        if declared > limit:
            self.add("hdf5-bomb", where, f"declares {declared:,} bytes and stores {stored:,}; the limit is "
                     f"{int(limit):,}")  # fmt: skip
            return
        self.left -= declared
        if self.left < 0:
            self.add("hdf5-bomb", where, f"the datasets up to here declare {-self.left:,} bytes more than may be in a "
                     "file of this size")  # fmt: skip
            self._stopped = True
            return
        if isinstance(kind, (h5py.h5t.TypeStringID, h5py.h5t.TypeVlenID, h5py.h5t.TypeReferenceID)):
            entry["dtype"] = "string" if isinstance(kind, h5py.h5t.TypeStringID) else "object"
            return
        if dataset.dtype.hasobject:  # among the members of what is put together
            entry["dtype"] = "object"
            return
        entry["dtype"] = str(dataset.dtype)
        if h5py.h5a.exists(dataset, b"dtype"):
            self._attributes(where, dataset)
            entry["written_as"] = self.groups.pop(where, {}).get("dtype")
        elif entry["dtype"] == "|V2":  # NumPy has no such type, and h5py writes its bytes
            entry["dtype"] = "bfloat16"
        self._values(where, dataset, entry, declared)

    def _values(self, where: str, dataset: Any, entry: dict[str, Any], declared: int) -> None:
        floating = dataset.dtype.kind in "fc"
        finite, zero = True, True
        digest = hashlib.blake2b(digest_size=12) if 0 < declared <= DIGEST else None
        for block in _blocks(dataset):
            if floating and finite and not numpy.isfinite(block.sum()):
                finite = bool(numpy.isfinite(block).all())  # a sum can overflow where every value is finite
            if finite and "bfloat16" in (entry["dtype"], entry.get("written_as")) and block.dtype.itemsize == 2:
                finite = not bool(((block.view("<u2") & 0x7F80) == 0x7F80).any())  # every bit of the exponent
            if block.dtype.kind in "fciub" and zero:
                zero = not block.any()
            if digest is not None:
                digest.update(block)
        entry.update(finite=finite, zero=zero and declared > 0)
        if digest is not None:
            entry["digest"] = digest.hexdigest()


class _Holder:
    """What h5py's attribute reader wants to be given."""

    def __init__(self, thing: Any) -> None:
        self.id = thing


def _blocks(dataset: Any) -> Any:
    """The values, some megabytes at a time."""
    shape = tuple(dataset.shape)
    if 0 in shape:
        return
    steps, inner = list(shape), dataset.dtype.itemsize
    axis = len(shape)
    while axis and inner * shape[axis - 1] <= BLOCK:
        axis -= 1
        inner *= shape[axis]
    if axis:
        steps[axis - 1] = max(1, BLOCK // inner)
        steps[: axis - 1] = [1] * (axis - 1)
    space = dataset.get_space()
    for start in itertools.product(*(range(0, size, step) for size, step in zip(shape, steps))):
        count = tuple(min(step, size - at) for at, size, step in zip(start, shape, steps))
        block = numpy.empty(count, dataset.dtype)
        if shape:
            space.select_hyperslab(start, count)
            dataset.read(h5py.h5s.create_simple(count), space, block)
        else:
            dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, block)
        yield block


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def read(request: dict[str, Any]) -> dict[str, Any]:
    """Answers one request: `path`, `limits`, and `offset` and `length` where the HDF5 is a part of the file."""
    reading = Reading(request["limits"])
    window: Any = None
    try:
        window = Window(request["path"], request.get("offset", 0), request.get("length"))
        reading.left = max(reading.left, int(window.length * request["limits"]["hdf5_total_ratio"]))
        with h5py.File(window if "offset" in request else window.opened(), "r") as file:
            reading.file(file)
    except MemoryError:
        reading.add("hdf5-slow", "/", "more memory than the limit")
    except Exception as error:
        reading.add("hdf5-broken", "/", f"cannot be opened: {error}")
    finally:
        if window is not None:
            window.close()
    return {"findings": reading.findings, "datasets": reading.datasets, "groups": reading.groups}


REFUSED = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "os.remove",
           "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.chown", "os.truncate",
           "pickle.", "ctypes.", "shutil.", "exec", "compile", "import")  # fmt: skip


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (mode is None and flags & 3):
            raise PermissionError("this process writes nothing")
    elif event.startswith(REFUSED):
        if event == "import" and arguments[0] in sys.modules:
            return
        raise PermissionError(f"this process does no {event}")


def _taken() -> int:
    """The memory that is addressed here."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _give_up(memory: int) -> int:
    """From here on: no writing, no programs, no network, no more memory than said. What it has by now; 0 if unknown."""
    taken = 0
    try:
        import resource

        taken = _taken()
        resource.setrlimit(resource.RLIMIT_AS, (taken + memory, taken + memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        pass  # a system without these limits; the parent's clock remains
    sys.addaudithook(_watch)
    return taken


def main() -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr
    first = sys.stdin.readline()
    if not first:
        return  # nobody needed it
    if hasattr(signal, "alarm"):  # whoever started us may have had it ignored or held back, which is inherited
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    before = _give_up(json.loads(first)["memory"])
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        request = json.loads(line)
        if hasattr(signal, "alarm"):
            # The library can go round for ever, and does not hear of a parent that was killed meanwhile.
            signal.alarm(request["alarm"])
        try:
            answer = json.dumps(read(request))
        except MemoryError:
            bomb = {"findings": [("hdf5-slow", "/", "more memory than the limit")], "datasets": [], "groups": {}}
            answer = json.dumps(bomb)
        if hasattr(signal, "alarm"):
            signal.alarm(0)
        grown = _taken() - before if before else 0
        answers.write(f'{{"grown": {grown}, "answer": {answer}}}\n')
        answers.flush()


if __name__ == "__main__":
    sys.path[:] = os.environ["KERAS_HARNESS_CHILD_PATH"].split("\n")
    # Read by the libraries as they are imported.
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", HDF5_PLUGIN_PRELOAD="::",
                      HDF5_USE_FILE_LOCKING="FALSE")  # fmt: skip
    gc.disable()  # what is imported stays: looking through it for garbage is a tenth of the start
    import hashlib
    import itertools
    import warnings

    import h5py
    import h5py._hl.attrs
    import numpy

    gc.freeze()
    gc.enable()
    h5py.AttributeManager = h5py._hl.attrs.AttributeManager
    warnings.simplefilter("ignore")
    numpy.seterr(all="ignore")
    main()
