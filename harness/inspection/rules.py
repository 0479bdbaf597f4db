"""Everything that an inspection can find, a row each. `docs/rules.md` is generated from it.

`verdict` None is a note: it is shown, and the file stays `ok`.
"""

from __future__ import annotations

from dataclasses import dataclass

# The worst first.
VERDICTS = (
    "unsafe", "bomb", "corrupt", "non-finite", "needs custom objects", "unsupported", "incompatible", "ok",
)  # fmt: skip
PAGE = "docs/rules.md"
# What a scanner of code sorts by (0 to 10), for SARIF.
SECURITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "note": "0.0"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row."""

    verdict: str | None
    severity: str
    title: str
    why: str
    do: str
    cwe: str = ""
    cve: tuple[str, ...] = ()
    keras: str = ""  # the releases that are affected
    id: str = ""

    @property
    def page(self) -> str:
        """Where the rule is explained."""
        return f"{PAGE}#{self.id}"


_ASK = "Do not open it. Ask its author for a file without this, or for the code of the model and its weights alone."
_BROKEN = "Get the file again, or from its author; compare its SHA-256."
_BOMB = "Do not open it. Raise the limit only where you know why the model is that large."
_SAFE_MODE = "Safe mode of Keras was bypassed before; it does not cover `.h5` in every release."

_ROWS: dict[str, Rule] = {
    # References.
    "python-code": Rule(
        "unsafe", "critical", "The file carries Python code",
        "A `lambda` is kept as marshalled byte code. Loading it with `safe_mode=False`, or as `.h5` in older releases, "
        "runs whatever the author wrote.", _ASK, "CWE-502",
        ("CVE-2024-3660", "CVE-2025-9905", "CVE-2025-9906"), "< 2.13 always; .h5 < 3.11.3; all with safe_mode=False",
    ),
    "pickled-data": Rule(
        "unsafe", "critical", "The file carries pickled data",
        "Unpickling runs what the author wrote; no check of Keras comes before it.", _ASK, "CWE-502",
        ("CVE-2025-49655",), "TorchModuleWrapper: 3.11.0 to 3.11.2, later with safe_mode=False",
    ),
    "builtin-misused": Rule(
        "unsafe", "critical", "A part of Keras that is no part of a model",
        "The config names a function or class of Keras that does something else than compute: reads files, fetches "
        "URLs, turns safe mode off. Called as a layer's function, it is done on loading or on the first prediction. "
        + _SAFE_MODE, _ASK, "CWE-913",
        ("CVE-2025-1550", "CVE-2025-8747", "CVE-2025-9906"), "< 3.11, and what comes after as far as is known",
    ),
    "lambda-of-class": Rule(
        "unsafe", "high", "A Lambda around something that is no function",
        "A Lambda's function is called with data. A class there is made with arguments that the author chose, whatever "
        "its constructor does.", _ASK, "CWE-913", ("CVE-2025-8747",), "< 3.11",
    ),
    "outside-keras": Rule(
        "unsafe", "critical", "A name outside Keras",
        "The config names a module of Python's standard library, of TensorFlow, or of a package that is no extension "
        "of Keras. Keras before 3.9 imports it and takes the name out of it: `os.system` is one.", _ASK, "CWE-94",
        ("CVE-2025-1550",), "< 3.9.0",
    ),
    "keras-internal": Rule(
        "unsafe", "high", "A name inside Keras that no release is known to write",
        "The config names something in the modules of Keras that is neither exported nor a class that is saved. "
        "Keras imports the module to look it up.", _ASK, "CWE-913", ("CVE-2025-1550", "CVE-2025-8747"), "< 3.12",
    ),
    "tensorflow-symbol": Rule(
        "unsafe", "critical", "A TensorFlow function that does more than compute",
        "Keras 2 keeps `tf.*` calls by name and takes any name of TensorFlow, those that read and write files among "
        "them.", _ASK, "CWE-913", (), "2.x",
    ),
    "unsafe-op": Rule(
        "unsafe", "critical", "A graph with an operation that does more than compute",
        "A SavedModel is a program. These operations read or write files, or call Python.", _ASK, "CWE-94", (),
        "whatever loads a SavedModel",
    ),
    "reads-outside": Rule(
        "unsafe", "high", "A layer that reads a file or URL when it is made or loaded",
        "The path is the author's choice: the content of your files gets into the model, or a request leaves your "
        "machine, or a second model is loaded unseen.", _ASK, "CWE-73",
        ("CVE-2025-12058", "CVE-2026-1462"), "< 3.12 for vocabularies; TFSMLayer < 3.12.1 and 3.13",
    ),
    "unknown-part": Rule(
        "unsupported", "low", "A part of Keras that is not known here",
        "The name stands where Keras keeps layers and the like, but no release that the table was made from has it.",
        "Update keras-harness, or look the name up in the documentation of Keras.",
    ),
    "wrong-kind": Rule(
        "corrupt", "medium", "A part of Keras where another kind belongs",
        "No release of Keras writes that: an initializer as a layer, a loss as an optimizer. It cannot be loaded, or "
        "is made to be loaded otherwise than it looks.", _BROKEN, "CWE-913",
    ),
    "custom-object": Rule(
        "needs custom objects", "low", "A class or function of the author's own",
        "Keras looks it up among what you registered or pass as `custom_objects`. The file does not contain its code.",
        "Get the code from the author and read it. Keras before 3.9 imports the module that the file names: do not "
        "have a stranger's module on the path.", "", (), "all",
    ),
    # Containers.
    "zip-path": Rule(
        "unsafe", "high", "A zip entry that leaves its folder",
        "Extracted, it would be written where the author chose.", _ASK, "CWE-22", ("CVE-2025-12060",), "< 3.12",
    ),
    "zip-special": Rule(
        "unsafe", "high", "A zip entry that is a link or a device", "What is read through a link is not in the file.",
        _ASK, "CWE-59", ("CVE-2025-12060",), "< 3.12",
    ),
    "zip-ambiguous": Rule(
        "unsafe", "high", "Zip entries that readers understand differently",
        "Two entries of one name, or of names that differ in case only, or a directory that contradicts the entries: "
        "what was inspected need not be what is loaded.", _ASK, "CWE-436",
    ),
    "zip-encrypted": Rule(
        "unsupported", "medium", "An encrypted zip entry", "It cannot be read, by us or by Keras.", _BROKEN,
    ),
    "zip-foreign": Rule(
        None, "note", "A zip entry that Keras does not write",
        "Keras does not read it, or only hands it to a layer.", "Ask what it is for.",
    ),
    "nested-archive": Rule(
        "unsafe", "medium", "An archive or program inside the model",
        "Keras writes none. What it is for, the file does not say.", _ASK, "CWE-434",
    ),
    "link": Rule(
        "unsafe", "high", "A link inside a model's folder", "What is read through it is not part of the model.",
        _ASK, "CWE-59",
    ),
    "hdf5-link": Rule(
        "unsafe", "high", "An HDF5 link to elsewhere",
        "A weight that is read through it comes from another file: yours, perhaps. Keras writes none.", _ASK,
        "CWE-73", ("CVE-2026-1669",), "< 3.13.2",
    ),
    "hdf5-soft-link": Rule(
        "corrupt", "medium", "A soft link in HDF5", "Keras writes none, and newer releases refuse them.", _BROKEN,
        "CWE-59", (), "refused since 3.13.2",
    ),
    "hdf5-external": Rule(
        "unsafe", "high", "An HDF5 dataset whose values lie in another file",
        "Reading the weights reads a file of the author's choice. Keras writes none.", _ASK, "CWE-73",
        ("CVE-2026-1669",), "< 3.13.2",
    ),
    "hdf5-virtual": Rule(
        "unsafe", "high", "A virtual HDF5 dataset",
        "Its values are put together from other files. Keras writes none.", _ASK, "CWE-73",
        ("CVE-2026-1669",), "< 3.13.2",
    ),
    "hdf5-filter": Rule(
        "unsupported", "medium", "An HDF5 filter that is a plug-in",
        "The library looks for it in a folder and loads it as code. Keras uses none.", _ASK, "CWE-427",
    ),
    "object-array": Rule(
        "unsafe", "critical", "A NumPy array of Python objects", "Its values are pickled.", _ASK, "CWE-502",
        (), "whatever loads it with allow_pickle",
    ),
    # Sizes.
    "zip-bomb": Rule(
        "bomb", "high", "A zip entry that unpacks to far more than it takes",
        "Read into memory or onto the disk, it fills them. Keras stores without compressing.", _BOMB, "CWE-409",
    ),
    "json-bomb": Rule(
        "bomb", "high", "JSON that is too large, deep or long", "Reading it takes memory or time without bound.", _BOMB,
        "CWE-400",
    ),
    "hdf5-bomb": Rule(
        "bomb", "high", "HDF5 that declares far more than it stores",
        "A dataset's shape costs the file nothing and the reader all of its memory.", _BOMB, "CWE-789",
        ("CVE-2026-0897", "CVE-2026-12570"), "< 3.15.0",
    ),
    "hdf5-slow": Rule(
        "bomb", "high", "HDF5 that takes too long or too much memory to read",
        "The process that read it was ended at its limit.", _BOMB, "CWE-400",
    ),
    "inspection-slow": Rule(
        "bomb", "high", "A file that takes longer to look through than it may",
        "What is in it is slow to go through, by chance or because somebody has seen to that: it was not looked "
        "through to its end.", _BOMB, "CWE-400",
    ),
    "model-bomb": Rule(
        "bomb", "high", "A config that asks for far more than the file holds",
        "Building the layers allocates their variables, before any weight is read.", _BOMB, "CWE-789",
    ),
    "file-holes": Rule(
        "bomb", "medium", "A file with holes", "It claims to be far larger than what is stored of it.", _BOMB,
        "CWE-409",
    ),
    # Whole or not.
    "zip-broken": Rule("corrupt", "medium", "A zip that cannot be read", "Part of it is missing or changed.", _BROKEN),
    "zip-crc": Rule("corrupt", "medium", "A zip entry that fails its checksum", "It was changed or damaged.", _BROKEN),
    "entry-missing": Rule(
        "corrupt", "medium", "A part of the model is missing", "Keras cannot load the model without it.", _BROKEN,
    ),
    "json-invalid": Rule(
        "corrupt", "medium", "No JSON, or not of the right shape", "Keras cannot read it, or would not write it.",
        _BROKEN,
    ),
    "json-duplicate-key": Rule(
        "unsafe", "high", "A key that is written twice",
        "Which of the two counts depends on who reads. No writer of JSON does that by itself.", _ASK, "CWE-436",
    ),
    "config-shape": Rule(
        "corrupt", "medium", "A config that Keras would not write", "It cannot be loaded as it stands.", _BROKEN,
    ),
    "graph-broken": Rule(
        "corrupt", "medium", "A graph that is not whole",
        "A node's input does not exist, or the graph has a cycle, or an output hangs in the air.", _BROKEN,
    ),
    "name-twice": Rule(
        "corrupt", "medium", "Two layers of one name", "Keras refuses it, or gives one the other's weights.", _BROKEN,
    ),
    "hdf5-broken": Rule(
        "corrupt", "medium", "HDF5 that cannot be read to its end", "Part of it is missing or changed.", _BROKEN,
    ),
    "hdf5-abort": Rule(
        "corrupt", "high", "HDF5 that ends the library that reads it",
        "The process that read it died. Yours would have.", _ASK, "CWE-248",
    ),
    "weight-missing": Rule(
        "corrupt", "medium", "A weight that the config asks for is not there",
        "Loading fails, or leaves the weight as it was drawn.", _BROKEN,
    ),
    "weight-surplus": Rule(
        "corrupt", "medium", "A weight that the config has no place for", "Config and weights are of two models.",
        _BROKEN,
    ),
    "weight-shape": Rule(
        "corrupt", "medium", "A weight of another shape than the config asks for",
        "Config and weights are of two models, or groups were swapped.", _BROKEN,
    ),
    "weight-dtype": Rule(
        "corrupt", "medium", "A weight of another dtype than the config asks for", "It is cast, or fails to load.",
        _BROKEN,
    ),
    "metadata": Rule(
        "corrupt", "low", "Metadata that are missing or contradict the file", "Keras writes them; so this is not as "
        "Keras wrote it.", _BROKEN,
    ),
    "shard-path": Rule(
        "unsafe", "high", "A shard outside the folder of its index",
        "Reading the weights reads a file of the author's choice.", _ASK, "CWE-22",
    ),
    "changed-while-read": Rule(
        "corrupt", "medium", "The file was changed while it was read", "The findings are of neither state.",
        "Inspect it again when nobody writes to it.",
    ),
    "not-finite": Rule(
        "non-finite", "medium", "Weights with NaN or infinity", "The model answers NaN, or training had diverged.",
        "Ask the author for an earlier state.",
    ),
    # What we could not say.
    "format-unknown": Rule(
        "unsupported", "low", "No model in a format that is known here", "Nothing was inspected.",
        "Name the file of the model itself.",
    ),
    "not-a-plain-file": Rule(
        "unsupported", "low", "No plain file that can be read",
        "Missing, empty, without permission, a pipe, a device, or not to be fetched: nothing was inspected.",
        "Name the file itself.",
    ),
    "not-inspected": Rule(
        "unsupported", "low", "A part that is not inspected", "What it holds was not looked at.",
        "Look at it yourself, or ask for the model as `.keras`.",
    ),
    "saved-model": Rule(
        "unsupported", "medium", "A SavedModel is a program",
        "Its operations were looked through: beside those by which it saves and restores itself, none is known to "
        "reach outside, and those of which nothing is known are named. What they compute nobody can say.",
        "Load it only where you would run a program of its author.", "CWE-94",
    ),
    # What came of loading it.
    "loading-without-end": Rule(
        "bomb", "medium", "Loading it takes more than it may", "It was stopped: its time or its memory was used up.",
        "Raise --seconds or --memory only where you know why the model is that large.", "CWE-400",
    ),
    "loading-crashes": Rule(
        "incompatible", "high", "Loading it ends the process",
        "Not an error that a program could catch: the process that loaded it is gone.",
        "Do not load it in a process that matters. Keras and TensorFlow should be told.", "CWE-248",
    ),
    "bfloat16-unnamed": Rule(
        "incompatible", "low", "Weights of bfloat16 whose file does not say so",
        "Keras writes them to `.h5`, and Keras 2 to `.keras` and `.weights.h5` as well, as sixteen bits of no type, "
        "and reads none of them back: \"No cast function available\".",
        "Save the model as `.keras` with Keras 3, or as float32. The values are whole: "
        "`dataset[()].view(ml_dtypes.bfloat16)`.", "", (), "all",
    ),
    "zero-points-lost": Rule(
        "corrupt", "medium", "The zero points of GPTQ or AWQ were left out when the file was saved",
        "Keras 3.14 and 3.15 save a layer of GPTQ or AWQ without the zero points of its groups "
        "(keras-team/keras#23321): they refuse the file for its number of weights, and the values of the kernel cannot "
        "be had from it.",
        "Save the model again with a release that has the mend, or get the one that was not yet quantized.",
        "", (), "3.14, 3.15",
    ),
    "changed-inside": Rule(
        "incompatible", "low", "An attention that was quantized, and whose config does not say so",
        "`quantize` changes the dense layers inside of a MultiHeadAttention or GroupQueryAttention, and their config "
        "is not kept: Keras makes them as they were at first, finds other weights, and refuses the file. It is whole, "
        "and as Keras wrote it.",
        "Make the model from its config or its code, quantize it in the same way, and then load the weights of this "
        "file: `model.quantize(MODE); model.load_weights(PATH)`.", "", (), "3.x",
    ),
    "does-not-load": Rule(
        "incompatible", "low", "This Keras does not load it", "It is whole and safe, and this release refuses it.",
        "Load it with the release that wrote it, or follow the cause that is named.",
    ),
    "loads-without-compile": Rule(
        "incompatible", "low", "It loads with compile=False alone",
        "Its training settings are not taken up by this release; the model itself is.",
        "load_model(path, compile=False), and compile it anew.",
    ),
    "call-fails": Rule(
        "incompatible", "low", "It loads, and its first call fails",
        "It was called once on data that was made up from the shapes and types that it states.",
        "Call it on data of yours: if that works, say so in an issue.",
    ),
    # Notes.
    "not-called": Rule(
        None, "note", "It was loaded, and not called",
        "A model that was never built says nothing of its inputs, so that none could be made up for it.",
        "Call it on data of yours.",
    ),
    "does-not-survive": Rule(
        None, "note", "Saved again, cut up or frozen it is another model",
        "It was sent along the routes of `check`: there and back, the fixed point, a layer taken out, a frozen base.",
        "Nothing, if you only use it; else see the known issues of your Keras.",
    ),
    "newer-release": Rule(
        None, "note", "A release of Keras that is newer than what is known here",
        "What it names is looked up in tables of older releases.", "Update keras-harness.",
    ),
    "another-release": Rule(
        None, "note", "Another Keras wrote it than is here",
        "Releases of Keras do not take up each other's files in everything. Said of what is not loaded, where the "
        "major release is another, or the one here is the earlier; what is certain without loading it is named.",
        "Load it (without --no-load), here or in the environment that --env names.",
    ),
    "format-named-otherwise": Rule(
        None, "note", "The name says another format than the content", "Keras goes by the name and fails.",
        "Rename it to what it is.",
    ),
    "all-zero": Rule(None, "note", "A kernel that is all zeros", "The layer answers a constant.", "Ask its author."),
    "duplicate-weights": Rule(
        None, "note", "Two layers with the same weights", "Perhaps one was copied over the other.", "Ask its author.",
    ),
    "weights-not-compared": Rule(
        None, "note", "Weights that are not compared with the config",
        "The shapes of this layer's weights are not computed here.", "Nothing; it is said so that you know.",
    ),
}  # fmt: skip

RULES: dict[str, Rule] = {
    name: Rule(r.verdict, r.severity, r.title, r.why, r.do, r.cwe, r.cve, r.keras, name) for name, r in _ROWS.items()
}
