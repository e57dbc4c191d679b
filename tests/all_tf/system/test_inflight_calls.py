"""Calls from TensorFlow are counted, and the end of a process does not wait for them forever."""

import subprocess
import sys
import textwrap
from threading import Thread

import pytest

from all_tf.system.inflight_calls import InFlightCalls
from tests.conftest import ROOT


def test_most_is_how_many_were_inside_at_once():
    calls = InFlightCalls()
    with calls, calls:
        pass
    with calls:
        pass
    assert calls.most == 2


def test_call_that_fails_is_over():
    calls = InFlightCalls()
    with pytest.raises(ZeroDivisionError), calls:
        raise ZeroDivisionError
    assert calls.end()


def test_ending_refuses_calls_and_knows_of_those_under_way():
    calls = InFlightCalls()
    with calls:
        assert not calls.end()
        thread_refused = []

        def call():
            try:
                with calls:
                    pass
            except RuntimeError as error:
                thread_refused.append(str(error))

        thread = Thread(target=call)
        thread.start()
        thread.join()
        assert thread_refused == ["The process is ending."]
    assert calls.end()


def test_process_that_fails_while_images_are_drawn_ends(tmp_path, records):
    """An iterator in a cycle is freed by the last collection, while Python shuts down."""
    script = tmp_path / "program.py"
    script.write_text(
        textwrap.dedent(f"""
        import time
        from pathlib import Path
        from all_tf.data import canvas_cache
        from all_tf.data.cells import load_cells
        from all_tf.config.experiment import View
        from all_tf.data.class_balance import Plan
        from all_tf.data.batches import training_batches

        def slowly(*what, draw=canvas_cache.decode_and_resize):
            time.sleep(0.3)
            return draw(*what)

        canvas_cache.decode_and_resize = slowly
        cells = load_cells(Path({str(records)!r}), "train")
        lookup = canvas_cache.canvas_lookup(cells, View(450, 40, 40), title="cells")
        batches = training_batches(
            cells, Plan(), lookup=lookup, batch_size=4, seed=0, epochs=range(9)
        )
        held = [iter(batches)]
        held.append(held)
        next(held[0])
        raise SystemExit("error: something else")
        """)
    )
    ended = subprocess.run(
        [sys.executable, script], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 1 and "error: something else" in ended.stderr
