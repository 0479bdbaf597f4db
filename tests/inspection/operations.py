"""Makes harness/inspection/operations.json: what TensorFlow has that computes, and does nothing else.

    python tests/inspection/operations.py INTERPRETER...

Each INTERPRETER has a TensorFlow. Left out is what is told by its name to reach outside the graph or to change what is
outside it, and whole families that no saved Keras model has; what `foreign.UNSAFE_OPS` names is left out as well. An
operation that is not in the table is asked about, so that a new one is looked at before it is entered.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from harness.inspection import foreign

TABLE = Path(__file__).parents[2] / "harness" / "inspection" / "operations.json"
ASK = """
import inspect, json, os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session as session
from tensorflow.python.util import tf_export
operations = op_def_pb2.OpList()
operations.ParseFromString(session.TF_GetBuffer(session.TF_GetAllOpList()))
tf.keras.layers
functions = []
for name in tf_export._NAME_TO_SYMBOL_MAPPING:
    found = tf_export.get_symbol_from_name(name)
    if callable(found) and not inspect.isclass(found):
        functions.append(name)
print("RESULT" + json.dumps([[each.name for each in operations.op], functions]))
"""
# Operations on other devices, machines and processes, on programs that are not in the graph, and those of tests.
OPERATIONS = re.compile(
    r"_|.*(TPU|Tpu|Collective|Nccl|Infeed|Outfeed|DTensor|Rpc|Remote|SparseCore|Mlir|Prelinearize|Sleep|DataService)"
    r"|Abort$|(Send|Recv)$|Xla(Call|CustomCall|Host|Launch|Recv|Send|AllReduce|Sparse|Broadcast)|(DatasetFrom|Debug)"
    r"|Copy(Host)?$|Test|Two|None$|Old$|Namespace|WorkerHeartbeat|IteratorFrom|DeserializeIterator|TfLite|GlobalIter|ImportEvent"
    r"|Stub|Resource(Create|Using|Initialized)Op$|StatsAggregatorSet|StoreMinibatch|Kernel|Func(Attr|ListAttr)$"
    r"|Int(Input|Output)|Float(Input|Output)|FiveFloat|Ref(In|Out)|InPoly|OutT|InPolymorphic|Unary$|Binary$"
)
# Where functions that compute are, and which of them do more.
PLACES = re.compile(
    r"(__operators__|bitwise|dtypes|linalg|linalg\.experimental|math|math\.special|nn|ragged|random|random\.experimental"
    r"|sets|signal|sparse|strings|image|quantization|experimental\.numpy|experimental\.numpy\.random"
    r"|compat\.v1\.(math|math\.special|nn|image)|keras\.(activations|backend)|audio)\.[a-z]\w*"
    r"|debugging\.(assert_\w+|check_numerics)|io\.(decode|encode|extract|is|parse|serialize|deserialize)_\w+"
)
OTHERWISE = re.compile(
    r".*(numpy_behavior|global_generator|rng_state|fixed_unigram|io\.\w+_proto)"
    r"|random\.set_seed|experimental\.numpy\.random\.seed|keras\.activations\.(get|serialize|deserialize)"
    r"|keras\.backend\.(\w*variable\w*|\w*(get|set)_\w+|\w*update\w*|clear\w*|reset\w*|eval|function|placeholder|gradients"
    r"|print_tensor|learning_phase\w*|name_scope|backend|epsilon|floatx|image_data_format|is_\w+|count_params|var_\w+)$"
)


def ask(interpreter: str) -> tuple[list[str], list[str]]:
    done = subprocess.run([interpreter, "-c", ASK], capture_output=True, text=True, check=False)
    line = next((each for each in done.stdout.splitlines() if each.startswith("RESULT")), None)
    if line is None:
        raise SystemExit(f"{interpreter}: {done.stderr[-2000:]}")
    operations, functions = json.loads(line.removeprefix("RESULT"))
    return operations, functions


def main(where: list[str]) -> None:
    operations: set[str] = set()
    functions: set[str] = set()
    for each in where:
        has, offers = ask(each)
        operations |= {name for name in has if not OPERATIONS.match(name)} - foreign.UNSAFE_OPS - foreign.SAVING_OPS
        functions |= {name for name in offers if PLACES.fullmatch(name) and not OTHERWISE.match(name)}
        print(each, len(has), len(operations), len(functions))
    rows = {"operations": sorted(operations), "functions": sorted(functions)}
    lines = (f'"{part}":[\n' + ",\n".join(map(json.dumps, names)) + "\n]" for part, names in rows.items())
    TABLE.write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
