"""The candidate writes the two kinds of slots of Adam in the other order, and reads them so."""

import keras

Adam = keras.optimizers.Adam
save, load = Adam.save_own_variables, Adam.load_own_variables


def swap(self):
    for one, other in zip(self._momentums, self._velocities):
        first, second = one.numpy(), other.numpy()
        one.assign(second)
        other.assign(first)


def save_own_variables(self, store):
    swap(self)
    save(self, store)
    swap(self)


def load_own_variables(self, store):
    load(self, store)
    swap(self)


Adam.save_own_variables = save_own_variables
Adam.load_own_variables = load_own_variables
