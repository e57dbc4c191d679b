"""Canvases: the pixels that TensorFlow would make, whether kept or not, when they are needed."""

import re
from threading import Lock, current_thread
from types import SimpleNamespace
from weakref import WeakSet

import numpy as np
import pytest
import tensorflow as tf

from all_tf.config.experiment import View
from all_tf.data import canvas_cache
from all_tf.data.batches import training_batches
from all_tf.data.canvas_cache import canvas_lookup
from all_tf.data.cells import load_cells
from all_tf.data.class_balance import Plan
from all_tf.data.image_decoding import decode_and_resize

VIEW = View(crop=450, canvas=40, output=36)
FILLING = 2  # Images that fill up the last batches of two epochs, and may be decoded again.


@pytest.fixture(scope="module")
def cells(records):
    return load_cells(records, "train")


@pytest.fixture(autouse=True)
def plenty(monkeypatch):
    """More memory than any test needs, however little this machine has left."""
    let_be_free(monkeypatch, 2**40)


@pytest.fixture
def one_at_a_time(monkeypatch):
    """Batches are looked up one after another, so that none decodes what another just decodes."""
    lock, look_up = Lock(), canvas_cache._Canvases._canvases_of

    def alone(self, indices):
        with lock:
            return look_up(self, indices)

    monkeypatch.setattr(canvas_cache._Canvases, "_canvases_of", alone)


@pytest.fixture
def drawn(monkeypatch) -> list[bytes]:
    """The PNGs that are decoded, as they are."""
    pngs, draw = [], canvas_cache.decode_and_resize
    monkeypatch.setattr(
        canvas_cache, "decode_and_resize", lambda some, view: pngs.extend(some) or draw(some, view)
    )
    return pngs


def look_up_alone(pixels: np.ndarray) -> np.ndarray:
    """The canvas of a slide of a colour."""
    pngs = np.array([tf.io.encode_png(pixels).numpy()], object)
    lookup = canvas_lookup(SimpleNamespace(pngs=pngs, names=np.array(["one"])), VIEW, title="one")
    return lookup(tf.constant([0], tf.int64))[0].numpy()


def let_be_free(monkeypatch, num_bytes: int) -> None:
    monkeypatch.setattr(canvas_cache, "free_memory", lambda: num_bytes)
    monkeypatch.setattr(canvas_cache, "_IN_USE", WeakSet())  # Other tests' caches may be alive.


def by_tensorflow(png: bytes, view: View) -> np.ndarray:
    """Of the whole slide, in float32."""
    margin = (450 - view.crop) // 2
    inside = slice(margin, margin + view.crop)
    slide = tf.io.decode_png(bytes(png))[inside, inside]
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
    slide = tf.io.decode_png(bytes(cells.pngs[0]))
    np.testing.assert_array_equal(lookup(tf.constant([0], tf.int64))[0], slide[75:375, 75:375])


def test_slide_without_a_cell_stays_black():
    assert not np.any(look_up_alone(np.zeros((450, 450, 3), np.uint8)))


def test_cell_that_fills_the_slide_is_resized_to_its_edges():
    assert np.all(look_up_alone(np.full((450, 450, 3), 77, np.uint8)) == 77)


def test_each_cell_is_decoded_when_it_is_first_asked_for(cells, drawn):
    lookup = canvas_lookup(cells, VIEW, title="cells")
    assert not drawn
    first = lookup(tf.constant([5, 3, 5], tf.int64))
    assert {bytes(png) for png in drawn} == {bytes(cells.pngs[3]), bytes(cells.pngs[5])}
    np.testing.assert_array_equal(lookup(tf.constant([3, 5], tf.int64)), first[1:])
    assert len(drawn) == 2


@pytest.mark.parametrize("share", [0, 0.5])
def test_what_does_not_fit_is_decoded_each_time_to_the_same_batches(
    cells, drawn, one_at_a_time, monkeypatch, capsys, share
):
    plenty = canvas_lookup(cells, VIEW, title="cells")
    epochs = {"batch_size": 32, "seed": 1, "epochs": range(2)}
    expected = list(training_batches(cells, Plan(), lookup=plenty, **epochs))
    assert len(drawn) == len(cells)
    assert not capsys.readouterr().out
    let_be_free(monkeypatch, int(2 * share * bytes_of_drawings(cells)))
    drawn.clear()
    little = canvas_lookup(cells, VIEW, title="the set")
    batches = list(training_batches(cells, Plan(), lookup=little, **epochs))
    for batch, expected_batch in zip(batches, expected, strict=True):
        for part, expected_part in zip(batch, expected_batch, strict=True):
            np.testing.assert_array_equal(part, expected_part)
    out = capsys.readouterr().out
    missing = int(re.search(r"the set: decoded images fill .*; (\d+) of 85 are decoded", out)[1])
    assert out.count("\n") == 1 and abs(missing - (1 - share) * len(cells)) < 10
    assert 0 <= len(drawn) - len(cells) - missing <= FILLING


def bytes_of_drawings(cells) -> int:
    return sum(one.pixels.nbytes for one in decode_and_resize(cells.pngs, VIEW))


def test_black_around_a_cell_takes_no_memory(cells):
    assert bytes_of_drawings(cells) < 0.5 * len(cells) * 40 * 40 * 3


def test_batch_lies_where_tensorflow_can_use_it_as_it_is():
    assert all(canvas_cache._black((n, 7, 5, 3)).ctypes.data % 64 == 0 for n in range(1, 9))


def test_memory_that_is_still_to_be_drawn_on_is_not_promised_twice(cells, monkeypatch, capsys):
    monkeypatch.setattr(canvas_cache, "_IN_USE", WeakSet())
    let_be_free(monkeypatch, 2 * bytes_of_drawings(cells) + 2)
    everything = tf.range(len(cells), dtype=tf.int64)
    first = canvas_lookup(cells, VIEW, title="first")
    second = canvas_lookup(cells, VIEW, title="second")
    first(everything), second(everything)
    del second
    canvas_lookup(cells, VIEW, title="third")(everything)
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["second"]


def test_cell_that_is_asked_for_from_two_sides_is_kept_once(cells):
    lookup = canvas_lookup(cells, VIEW, title="cells")
    same = tf.data.Dataset.range(8).map(
        lambda _: lookup(tf.range(30, dtype=tf.int64)), num_parallel_calls=4
    )
    first, *rest = list(same)
    assert all(np.array_equal(first, other) for other in rest)
    assert lookup.__self__.reserved_bytes == (len(cells) - 30) * 40 * 40 * 3


@pytest.fixture
def threads(monkeypatch) -> list[str]:
    """By which threads images are drawn, on a machine of two processors."""
    names, draw = [], canvas_cache.decode_and_resize
    monkeypatch.setattr(canvas_cache.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(
        canvas_cache,
        "decode_and_resize",
        lambda *what: names.append(current_thread().name) or draw(*what),
    )
    return names


def test_batches_that_come_one_after_another_are_drawn_by_threads(cells, threads):
    lookup = canvas_lookup(cells, VIEW, title="cells")
    for start in (0, 32):
        lookup(tf.range(start, start + 32, dtype=tf.int64))
    assert len(threads) == 8 and all("ThreadPool" in name for name in threads)


def test_batches_that_come_side_by_side_are_drawn_by_whoever_asks(cells, threads):
    lookup = canvas_lookup(cells, VIEW, title="cells")
    with lookup.__self__._calls:  # Somebody else who looks something up.
        lookup(tf.range(32, dtype=tf.int64))
    lookup(tf.range(32, 64, dtype=tf.int64))
    assert len(threads) == 8 and not any("ThreadPool" in name for name in threads)
