"""The process that loads TensorFlow says what it sees, as JSON."""

import json

from all_tf.doctor import gpu_child


def test_version_and_gpus_are_printed(capsys, monkeypatch):
    monkeypatch.setattr(gpu_child, "load_tensorflow", lambda: None)  # The tests have loaded it.
    gpu_child.main()
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {"tensorflow", "gpus"} and told["tensorflow"].startswith("2.")


def test_library_that_raises_is_told_without_a_traceback(capsys, monkeypatch):
    def broken():
        raise ImportError("libcudart.so.12: cannot open shared object file")

    monkeypatch.setattr(gpu_child, "load_tensorflow", broken)
    gpu_child.main()
    told = json.loads(capsys.readouterr().out)
    assert told == {"problem": "ImportError: libcudart.so.12: cannot open shared object file"}
