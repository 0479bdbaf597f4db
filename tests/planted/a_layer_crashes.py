"""Reading a Dense from a file ends the process."""

import os
import signal

import keras


def load_own_variables(self, store):
    os.kill(os.getpid(), signal.SIGSEGV)


keras.layers.Dense.load_own_variables = load_own_variables
