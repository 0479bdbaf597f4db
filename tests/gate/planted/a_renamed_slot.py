"""The candidate counts the steps of an optimizer from a thousand, in its files alone."""

import keras

Optimizer = keras.optimizers.Optimizer
save, load = Optimizer.save_own_variables, Optimizer.load_own_variables


def save_own_variables(self, store):
    self.iterations.assign_add(1000)
    save(self, store)
    self.iterations.assign_sub(1000)


def load_own_variables(self, store):
    load(self, store)
    self.iterations.assign_sub(1000)


for cls in (Optimizer, keras.optimizers.Adam):
    cls.save_own_variables = save_own_variables
    cls.load_own_variables = load_own_variables
