"""A laboratory's own tree of pictures and tables."""

import pytest

from tests.tfrecords.sources.test_folder_pictures import picture


@pytest.fixture
def laboratory(unpack):
    """Write files: `laboratory({"all/p1/a.png": None, "cells.csv": "text"})`; None is a PNG."""

    def write(content_of_file):
        return unpack({n: picture() if c is None else c for n, c in content_of_file.items()})

    return write
