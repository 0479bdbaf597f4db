"""Slows Keras down, by the part PLANTED_PART of what each call takes, or lets it hold so much more memory.

PLANTED_IN names where: save, load, predict or memory. Run in a worker, once Keras is imported.
"""

import os
import time

from harness.worker.dialect import keras

part = float(os.environ["PLANTED_PART"])
where = os.environ["PLANTED_IN"]
held = []


def slowed(function):
    """The same, and then it waits."""

    def call(*args, **kwargs):
        begin = time.perf_counter_ns()
        result = function(*args, **kwargs)
        end = time.perf_counter_ns()
        until = end + int((end - begin) * part)
        while time.perf_counter_ns() < until:  # a sleep is longer than it says by as much as is planted in short calls
            pass
        return result

    return call


if where == "load":
    keras.models.load_model = slowed(keras.models.load_model)
if where == "save":
    keras.Model.save = slowed(keras.Model.save)
if where == "predict":
    keras.Model.predict = slowed(keras.Model.predict)
if where == "memory":
    with open("/proc/self/status") as status:
        (now,) = (int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    held.append(bytearray(os.urandom(1024)) * int(now * part))
