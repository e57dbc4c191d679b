"""Images to damage: PNGs of the records, bitmaps of C-NMC, pictures of other laboratories."""

import io
from collections.abc import Callable
from pathlib import Path

import deflate
import numpy as np
import tensorflow as tf
from PIL import Image

from all_tf.data.image_files import read_new_cells
from tests.fuzz.runner import Target
from tfrecords.codec.bmp import BitmapError, decode_bitmap
from tfrecords.codec.png import decode_boxes, encode_png
from tfrecords.synthetic.write import encode_bmp

_SIDE = 90  # Pixels of a picture.
_JPEG_ROUNDING = 2  # Of 255, between two decoders.


def _cell(seed: int, side: int) -> np.ndarray:
    """A smooth blob with a little noise in a black frame: uint8 `(side, side, 3)`."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side - 0.5
    inside = (x**2 + y**2 < 0.1)[..., None]
    noise = rng.integers(0, 20, (side, side, 3))
    return (inside * (100 + 200 * np.stack([x, y, -x], -1) + noise)).clip(0, 255).astype(np.uint8)


def make_png(folder: Path, records: Path) -> Target:
    """The PNG of a record, with the chunk that says where the cell is."""
    path, other = folder / "cell.png", encode_png(Image.fromarray(_cell(1, 120)))
    path.write_bytes(encode_png(Image.fromarray(_cell(0, 120))))

    def read() -> np.ndarray:
        (box,) = decode_boxes([path.read_bytes()])
        height, width = _size(path)
        if max(height, width) > 10_000:
            raise ValueError(f"accepted {height} x {width}")
        pixels = np.zeros((height, width, 3), np.uint8)
        high, wide = box.pixels.shape[:2]
        pixels[box.top : box.top + high, box.left : box.left + wide] = box.pixels
        return pixels

    # No name of a file: the bytes come from memory.
    refusals = (deflate.DeflateError, OSError, BitmapError)
    return Target([path], read, _right_png, refusals, names=("",), others=(other,))


def _size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    return int.from_bytes(data[20:24], "big"), int.from_bytes(data[16:20], "big")


def _right_png(value: np.ndarray, path: Path, expected: np.ndarray) -> bool:
    if np.array_equal(value, expected):
        return True
    try:
        with Image.open(path) as image:
            image.verify()  # The checksums of all chunks.
        with Image.open(path) as image:
            return np.array_equal(value, np.asarray(image.convert("RGB")))
    except Exception:  # Pillow raises many kinds for a damaged file.
        return False


def make_bmp(folder: Path, records: Path) -> Target:
    """A bitmap as C-NMC has it."""
    path = folder / "cell.bmp"
    path.write_bytes(encode_bmp(_cell(0, 450)))
    other = encode_bmp(_cell(1, 450), header_size=124)

    def read() -> np.ndarray:
        return np.asarray(decode_bitmap(path.read_bytes()))

    return Target([path], read, _right_bmp, (BitmapError,), names=("",), others=(other,))


def _right_bmp(value: np.ndarray, path: Path, expected: np.ndarray) -> bool:
    """The last bytes of the file are rows of blue, green, red; an offset can move them."""
    data = path.read_bytes()
    offset, height = int.from_bytes(data[10:14], "little"), data[22:26]
    top_down = int.from_bytes(height, "little", signed=True) < 0
    rows = np.frombuffer(data, np.uint8, offset=offset).reshape(450, -1)[:, : 3 * 450]
    pixels = rows.reshape(450, 450, 3)[:: 1 if top_down else -1, :, ::-1]
    return np.array_equal(value, pixels)


def make_picture(kind: str, right: Callable[..., bool], **options) -> Callable[..., Target]:
    """A picture of another laboratory, of a kind that Pillow writes."""

    def make(folder: Path, records: Path) -> Target:
        path = folder / f"cell.{kind.lower()}"
        for seed, file in enumerate((path, other := io.BytesIO())):
            Image.fromarray(_cell(seed, _SIDE)).save(file, format=kind, **options)

        def read() -> bytes:
            found = read_new_cells([path], None)
            if found.problems:
                raise BitmapError("\n".join(found.problems))
            return found.cells.pngs[0]

        return Target([path], read, right, (BitmapError,), others=(other.getvalue(),))

    return make


def _pixels(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image)


def _centred(pixels: np.ndarray) -> np.ndarray | None:
    """The central 450 px as records have them; None for another size than the picture's."""
    if pixels.shape != (_SIDE, _SIDE, 3):
        return None
    edge = (450 - _SIDE) // 2
    return np.pad(pixels, ((edge, edge), (edge, edge), (0, 0)))


def _right_picture_png(value: bytes, path: Path, expected: bytes) -> bool:
    if value == expected:
        return True
    try:
        with Image.open(path) as image:
            image.verify()
    except Exception:  # Pillow raises many kinds for a damaged file.
        return False
    return _same_as_tensorflow(value, path, 0)


def _right_jpeg(value: bytes, path: Path, expected: bytes) -> bool:
    """JPEG has no checksums: what two decoders read without a complaint is the picture."""
    return value == expected or _same_as_tensorflow(value, path, _JPEG_ROUNDING, _decode_jpeg)


def _decode_jpeg(data: bytes, *, channels: int) -> tf.Tensor:
    """As Pillow decodes: TensorFlow's faster transform differs where coefficients are damaged."""
    return tf.io.decode_jpeg(data, channels, dct_method="INTEGER_ACCURATE")


def _same_as_tensorflow(
    value: bytes, path: Path, rounding: int, decode: Callable[..., tf.Tensor] = tf.io.decode_png
) -> bool:
    try:
        pixels = decode(path.read_bytes(), channels=3).numpy()
    except tf.errors.InvalidArgumentError:
        return False
    if (centred := _centred(pixels)) is None:
        return True  # Another size than before, on which both agree that it is whole.
    difference = centred.astype(int) - _pixels(value)
    return int(np.abs(difference).max()) <= rounding


def _right_tiff(value: bytes, path: Path, expected: bytes) -> bool:
    """TIFF has no checksums: an independent reading of the one strip is the picture."""
    if value == expected:
        return True
    with Image.open(path) as image:
        if image.size != (_SIDE, _SIDE) or image.mode != "RGB":
            return True
        (offset, *rest), counts = image.tag_v2[273], image.tag_v2[279]
    rows = path.read_bytes()[offset : offset + sum(counts)]
    if rest or len(rows) != 3 * _SIDE**2:
        return False
    return np.array_equal(
        _centred(np.frombuffer(rows, np.uint8).reshape(_SIDE, _SIDE, 3)), _pixels(value)
    )


TARGETS = {
    "png": make_png,
    "bmp": make_bmp,
    "picture-png": make_picture("PNG", _right_picture_png),
    "picture-jpeg": make_picture("JPEG", _right_jpeg, quality=90),
    "picture-tiff": make_picture("TIFF", _right_tiff),
}
