"""Canvases: the pixels that TensorFlow would make, whether kept or not, when they are needed."""

from types import SimpleNamespace
from weakref import WeakSet

import numpy as np
import pytest
import tensorflow as tf

from all_tf import canvases
from all_tf.canvases import canvas_lookup
from all_tf.cells import load_cells
from all_tf.config import View
from all_tf.imbalance import Plan
from all_tf.pipeline import training_batches

VIEW = View(crop=450, canvas=40, output=36)


@pytest.fixture(scope="module")
def cells(records):
    return load_cells(records, "train")


@pytest.fixture
def drawn(monkeypatch) -> list[bytes]:
    """The PNGs that are decoded, as they are."""
    pngs, draw = [], canvases._draw
    monkeypatch.setattr(
        canvases, "_draw", lambda png, *args, **more: pngs.append(png) or draw(png, *args, **more)
    )
    return pngs


def let_be_free(monkeypatch, num_bytes: int) -> None:
    memory = SimpleNamespace(available=num_bytes)
    monkeypatch.setattr(canvases.psutil, "virtual_memory", lambda: memory)


def by_tensorflow(png: bytes, view: View) -> np.ndarray:
    """Of the whole slide, in float32."""
    margin = (450 - view.crop) // 2
    inside = slice(margin, margin + view.crop)
    slide = tf.io.decode_png(png)[inside, inside]
    return np.round(tf.image.resize(slide, (view.canvas, view.canvas), antialias=True))


@pytest.mark.parametrize(
    "view", [View(450, 300, 300), View(450, 128, 128), View(300, 256, 224), View(250, 320, 300)]
)
def test_canvas_is_that_of_tensorflow_but_for_rounding(cells, view):
    found = canvas_lookup(cells, view, title="cells")(tf.range(30, dtype=tf.int64))
    for canvas, png in zip(found.numpy(), cells.pngs, strict=False):
        off = np.abs(canvas - by_tensorflow(png, view))
        assert np.max(off) <= 1 and np.mean(off) < 0.1


def test_canvas_without_scaling_is_the_centre_of_the_slide(cells):
    lookup = canvas_lookup(cells, View(300, 300, 300), title="cells")
    slide = tf.io.decode_png(cells.pngs[0])
    np.testing.assert_array_equal(lookup(tf.constant([0], tf.int64))[0], slide[75:375, 75:375])


def test_slide_without_a_cell_stays_black():
    png = tf.io.encode_png(np.zeros((450, 450, 3), np.uint8)).numpy()
    canvas = np.zeros((40, 40, 3), np.uint8)
    canvases._draw(png, canvas, view=VIEW)
    assert not np.any(canvas)


def test_cell_that_fills_the_slide_is_resized_to_its_edges():
    png = tf.io.encode_png(np.full((450, 450, 3), 77, np.uint8)).numpy()
    canvas = np.zeros((40, 40, 3), np.uint8)
    canvases._draw(png, canvas, view=VIEW)
    assert np.all(canvas == 77)


def test_each_cell_is_decoded_when_it_is_first_asked_for(cells, drawn):
    lookup = canvas_lookup(cells, VIEW, title="cells")
    assert not drawn
    first = lookup(tf.constant([5, 3, 5], tf.int64))
    assert sorted(drawn) == sorted([cells.pngs[3], cells.pngs[5]])
    np.testing.assert_array_equal(lookup(tf.constant([3, 5], tf.int64)), first[1:])
    assert len(drawn) == 2


def test_canvases_that_do_not_fit_are_decoded_each_time_to_the_same_batches(
    cells, drawn, monkeypatch, capsys
):
    kept = canvas_lookup(cells, VIEW, title="cells")
    let_be_free(monkeypatch, 1000)
    decoded = canvas_lookup(cells, VIEW, title="cells")
    assert "do not fit in half of the free memory" in capsys.readouterr().out
    epochs = {"batch_size": 32, "seed": 1, "epochs": range(2)}
    expected = list(training_batches(cells, Plan(), lookup=kept, **epochs))
    once = len(drawn)
    batches = list(training_batches(cells, Plan(), lookup=decoded, **epochs))
    assert once == len(cells) and len(drawn) - once >= 2 * len(cells)
    for batch, expected_batch in zip(batches, expected, strict=True):
        for part, expected_part in zip(batch, expected_batch, strict=True):
            np.testing.assert_array_equal(part, expected_part)


def test_canvases_are_kept_once_where_tensorflow_can_use_them(cells, monkeypatch):
    arrays, black = [], canvases._black
    monkeypatch.setattr(canvases, "_black", lambda shape: arrays.append(black(shape)) or arrays[-1])
    lookup = canvas_lookup(cells, VIEW, title="cells")
    assert arrays[0].ctypes.data % 64 == 0 and arrays[0].shape == (len(cells), 40, 40, 3)
    lookup(tf.constant([7, 8], tf.int64))
    arrays[0][7] = 3  # The same memory, not a copy of it.
    assert np.all(lookup(tf.constant([7], tf.int64)) == 3)
    assert np.any(lookup(tf.constant([8], tf.int64)) != 3)


def test_memory_that_is_still_to_be_drawn_on_is_not_promised_twice(cells, monkeypatch, capsys):
    monkeypatch.setattr(canvases, "_KEPT", WeakSet())
    let_be_free(monkeypatch, 2 * len(cells) * 40 * 40 * 3 + 1)
    first = canvas_lookup(cells, VIEW, title="first")
    canvas_lookup(cells, VIEW, title="second")
    assert "second" in capsys.readouterr().out
    first(tf.range(len(cells), dtype=tf.int64))
    canvas_lookup(cells, VIEW, title="third")
    assert "third" not in capsys.readouterr().out
