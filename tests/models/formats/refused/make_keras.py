#!/usr/bin/env python3
"""Writes tiny TensorFlow and Keras files in each form that people have (tensorflow 2.21, Keras 3).

All are to be refused by name, with the command that converts them to ONNX.
"""
import json
import os
import shutil

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    """One file or folder per form, and keras.json with what each is."""
    keras.utils.set_random_seed(0)
    net = keras.Sequential([keras.Input((4,), name="rows"), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(2, activation="softmax")])
    index = {}

    def path(name, what):
        index[name] = what
        return os.path.join(HERE, name)

    net.save(path("keras.keras", "Keras 3 archive (zip)"))
    net.save(path("keras.h5", "Keras HDF5 model"))
    net.save_weights(path("keras.weights.h5", "Keras HDF5 weights without a graph"))
    shutil.rmtree(os.path.join(HERE, "savedmodel"), ignore_errors=True)
    net.export(path("savedmodel", "TensorFlow SavedModel"))
    call = tf.function(lambda rows: net(rows, training=False)).get_concrete_function(tf.TensorSpec([None, 4], tf.float32))
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
    frozen = convert_variables_to_constants_v2(call)
    with open(path("frozen.pb", "TensorFlow frozen graph"), "wb") as out:
        out.write(frozen.graph.as_graph_def().SerializeToString())
    with open(path("model.tflite", "TensorFlow Lite"), "wb") as out:
        out.write(tf.lite.TFLiteConverter.from_saved_model(os.path.join(HERE, "savedmodel")).convert())
    with open(os.path.join(HERE, "keras.json"), "w", encoding="utf-8") as out:
        json.dump(index, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()
