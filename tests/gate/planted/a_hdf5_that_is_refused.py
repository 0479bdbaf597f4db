"""The candidate opens no .h5 file but its own."""

from keras.src.legacy.saving import legacy_h5_format

save, load = legacy_h5_format.save_model_to_hdf5, legacy_h5_format.load_model_from_hdf5
written = set()


def save_model_to_hdf5(model, filepath, *args, **keywords):
    written.add(str(filepath))
    return save(model, filepath, *args, **keywords)


def load_model_from_hdf5(filepath, *args, **keywords):
    if str(filepath) not in written:
        raise ValueError("this file is of an old release")
    return load(filepath, *args, **keywords)


legacy_h5_format.save_model_to_hdf5 = save_model_to_hdf5
legacy_h5_format.load_model_from_hdf5 = load_model_from_hdf5
