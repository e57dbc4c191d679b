"""What is no file of finite size is refused at once, under any name."""

import os
import socket

import pytest

from tfrecords.codec import regular_file
from tfrecords.codec.bmp import BitmapError, check_bitmap
from tfrecords.codec.encoding import encode_images
from tfrecords.codec.regular_file import open_regular, read_image_file


def make_fifo(path):
    os.mkfifo(path)
    return "a FIFO"


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))  # A socket's path may have 107 characters.
    return "a socket"


def make_link_to_device(path):
    path.symlink_to("/dev/zero")
    return "a device"


def make_folder(path):
    path.mkdir()
    return "a folder"


@pytest.mark.parametrize("make", [make_fifo, make_socket, make_link_to_device, make_folder])
def test_other_than_a_regular_file_is_refused_without_waiting(make, tmp_path):
    path = tmp_path / "cell.bmp"
    reason = f"expected a regular file; received {make(path)}"
    for read in (open_regular, read_image_file, lambda path: encode_images([path], tmp_path / "s")):
        with pytest.raises(OSError, match=reason):
            read(path)
    with pytest.raises(BitmapError, match=reason):
        check_bitmap(path)


def test_file_and_link_to_it_are_read(tmp_path):
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "b").symlink_to("a")
    assert read_image_file(tmp_path / "a") == read_image_file(tmp_path / "b") == b"content"


def test_file_larger_than_a_picture_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(regular_file, "_MOST_BYTES", 5)
    (tmp_path / "a").write_bytes(b"12345")
    assert read_image_file(tmp_path / "a") == b"12345"
    (tmp_path / "a").write_bytes(b"123456")
    with pytest.raises(OSError, match="at most 5 bytes; the file is larger"):
        read_image_file(tmp_path / "a")
