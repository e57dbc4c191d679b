"""Pictures of a request that cannot be read here."""

import sys

from all_tf.page.reading import read_fields


def test_server_that_cannot_cut_fields_says_which_extra_it_lacks(monkeypatch):
    monkeypatch.setitem(sys.modules, "all_tf.fields.cut_in_memory", None)
    read = read_fields(
        [("field.png", b"")], microns_per_pixel=None, thumbnails=False, most_pixels=1
    )
    assert read.measured == []
    (problem,) = read.problems
    assert problem.startswith("field.png: ") and "this server lacks the extra 'fields'" in problem
