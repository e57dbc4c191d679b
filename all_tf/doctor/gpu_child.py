"""A process that loads TensorFlow and prints its version and GPUs, or what it raises, as JSON.

It is one of its own because a build for other processors ends it with a signal.
"""

import json
import sys

from all_tf.system.tensorflow_import import load_tensorflow


def main() -> None:
    """Load, and print."""
    try:
        print(json.dumps(_load()))
    except Exception as error:  # A broken build raises anything; its traceback would say no more.
        print(json.dumps({"problem": f"{type(error).__name__}: {error}"}))


def _load() -> dict[str, object]:
    load_tensorflow()
    tf = sys.modules["tensorflow"]
    details = tf.config.experimental.get_device_details
    gpus = tf.config.list_physical_devices("GPU")
    names = [details(gpu).get("device_name", gpu.name) for gpu in gpus]
    return {"tensorflow": tf.__version__, "gpus": names}


if __name__ == "__main__":
    main()
