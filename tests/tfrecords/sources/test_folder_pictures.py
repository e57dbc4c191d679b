"""A picture of a laboratory becomes the pixels of a cell, or is refused."""

import hashlib
import io
import pickle
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tfrecords.codec.bmp import BitmapError
from tfrecords.codec.encoding import DECODERS, encode_images, fit_center
from tfrecords.codec.pictures import decode_picture
from tfrecords.synthetic.write import encode_bmp

PIXELS = np.random.default_rng(0).integers(0, 256, (29, 27, 3)).astype(np.uint8)


GREY = PIXELS[..., 0]


def picture(pixels=PIXELS, kind="PNG", *, mode=None, **options) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(buffer, kind, **options)
    return buffer.getvalue()


def with_alpha(value: int) -> np.ndarray:
    return np.dstack([PIXELS, np.full(PIXELS.shape[:2], value, np.uint8)])


def png_of_16_bits() -> bytes:
    """An RGB PNG that Pillow itself cannot write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = zlib.compress(16 * (b"\0" + bytes(16 * 6)))
    head = struct.pack(">IIBBBBB", 16, 16, 16, 2, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def turned(orientation: int = 6) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def palette_of(pixels: np.ndarray) -> np.ndarray:
    """The colours that Pillow chooses for a palette."""
    return np.asarray(Image.fromarray(pixels).convert("P").convert("RGB"))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (picture(), PIXELS),
        (picture(kind="BMP"), PIXELS),
        (picture(kind="TIFF"), PIXELS),
        (picture(kind="TIFF", compression="tiff_lzw"), PIXELS),
        (encode_bmp(PIXELS, header_size=124), PIXELS),
        (picture(GREY), np.dstack([GREY] * 3)),
        (picture(GREY, "BMP"), np.dstack([GREY] * 3)),
        (picture(with_alpha(255)), PIXELS),
        (picture(GREY, mode="LA"), np.dstack([GREY] * 3)),
        (picture(mode="P"), palette_of(PIXELS)),
        (picture(mode="P", kind="BMP"), palette_of(PIXELS)),
        (picture(with_alpha(254)), np.rint(PIXELS * (254 / 255)).astype(np.uint8)),
        (picture(GREY.astype(np.uint16) << 8), np.dstack([GREY] * 3)),
        (picture(exif=turned()), np.rot90(PIXELS, -1)),
        (picture(kind="TIFF", exif=turned()), np.rot90(PIXELS, -1)),
    ],
)
def test_pixels_are_those_that_were_stored(data, expected):
    pixels = np.asarray(decode_picture(data))
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, expected)


def test_jpeg_is_read_nearly():
    smooth = np.broadcast_to(np.arange(0, 64, 4, np.uint8)[:, None, None], (16, 16, 3))
    decoded = np.asarray(decode_picture(picture(smooth, "JPEG", quality=95)), int)
    assert np.abs(decoded - smooth).max() < 8


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"MZ\x90\0" + bytes(60), "not a BMP, PNG, TIFF or JPEG file"),
        (picture(kind="GIF"), "not a BMP, PNG, TIFF or JPEG file"),
        (picture()[:-40], "damaged: a PNG that is cut short; copy the file again"),
        (picture(kind="BMP")[:-40], "damaged: a BMP: expected .* bytes, received"),
        (picture(kind="TIFF")[:90], "damaged: a TIFF whose tags are cut short"),
        (picture(kind="JPEG")[:-30], "damaged: a JPEG"),
        (picture(mode="CMYK", kind="JPEG"), "received mode CMYK"),
        (picture(GREY.astype(np.uint16)), "14 bits or fewer, not scaled; .* save 8 bits"),
        (picture(GREY.astype(np.float32), "TIFF"), "32 bits floating-point"),
        (png_of_16_bits(), "14 bits or fewer, not scaled; .* save 8 bits"),
        (picture(with_alpha(0)), "no cell in it: all pixels are black"),
        (picture(transparency=(0, 0, 0)), "a transparent colour"),
        (picture(exif=turned(9)), "EXIF orientation 9 is unknown; remove the tag"),
        (
            picture(kind="TIFF", save_all=True, append_images=[Image.fromarray(PIXELS)]),
            "expected one image a file; received 2",
        ),
    ],
)
def test_picture_without_a_rule_is_refused(data, reason):
    with pytest.raises(BitmapError, match=reason):
        decode_picture(data)


def test_huge_picture_is_refused_instead_of_warned_of(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    with pytest.raises(BitmapError, match="decompression bomb"):
        decode_picture(picture())


@pytest.mark.parametrize("shape", [(9, 7), (450, 450), (600, 600), (451, 449), (1, 800)])
def test_image_keeps_its_scale_and_its_centre(shape):
    image = np.random.default_rng(1).integers(1, 256, (*shape, 3)).astype(np.uint8)
    fitted = np.asarray(fit_center(Image.fromarray(image), 450))
    assert fitted.shape == (450, 450, 3)
    top, left = ((450 - length) // 2 for length in shape)  # Negative where something is cut.
    for row, column in ((0, 0), (225, 225), (224, 221), (449, 449), (225, 449)):
        y, x = row - top - (shape[0] > 450 and shape[0] % 2), column - left
        inside = 0 <= y < shape[0] and 0 <= x < shape[1]
        np.testing.assert_array_equal(fitted[row, column], image[y, x] if inside else 0)


def test_decoder_is_chosen_by_word_and_not_by_suffix(tmp_path):
    paths = [tmp_path / "cell.bmp", tmp_path / "published.bmp"]
    paths[0].write_bytes(picture())
    paths[1].write_bytes(encode_bmp(np.zeros((450, 450, 3), np.uint8)))
    with pytest.raises(BitmapError, match="cell.bmp: not a BMP file: it begins with"):
        encode_images(paths, tmp_path / "spool")
    encoded = encode_images(paths, tmp_path / "spool", decoders=["picture", "bitmap"])
    png = (tmp_path / "spool").read_bytes()[: encoded[0].num_bytes]
    centred = np.zeros((450, 450, 3), np.uint8)
    centred[210:239, 211:238] = PIXELS
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), centred)
    assert encoded[0].png_sha256 == hashlib.sha256(png).hexdigest()
    assert encoded[0].file_sha256 == hashlib.sha256(picture()).hexdigest()


def test_encoding_can_be_sent_to_other_processes():
    assert pickle.loads(pickle.dumps((encode_images, DECODERS))) == (encode_images, DECODERS)
