"""Nuclei of white cells in a field: thresholded, touching ones split, lobes of one cell joined."""

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import label, regionprops
from skimage.morphology import h_maxima
from skimage.segmentation import relabel_sequential, watershed

from all_tf.fields.optical_density import FieldError, nuclear_channel

_STAINED = 0.3  # Of the nuclear channel; the threshold is sought above it.
_LEAST_THRESHOLD = 0.55
_PALE = 0.5  # Share of the threshold that a pale nucleus beside dark ones passes.
_LEAST_PIXELS = 50  # Of the largest piece; noise has less.
_MOST_LOBES = 1_000  # A field has a few; noise has many.
# Square micrometres of what is stained like a nucleus. A platelet has up to 15.
_LEAST_NUCLEUS = 20.0
_LEAST_LOBE = 2.0
_LARGEST_LOBE = 35.0  # What is larger is the nucleus of a cell of its own.
_LARGEST_JOINED = 130.0
_LARGEST_NUCLEUS = 400.0
_USUAL_LOBE, _USUAL_NUCLEUS = 8.0, 60.0  # Where nothing else tells the scale.
_GAP = 2.5  # Micrometres between lobes of a cell.
_WIDEST = 17.0  # Micrometres across all lobes of a cell.
_NECK = 0.4  # How much narrower a neck between two nuclei is than they are.


def nuclear_mask(density: np.ndarray) -> np.ndarray:
    """Return what is stained like a nucleus, by Otsu's threshold (1979) of the nuclear channel.

    Args:
        density: float32 `(height, width, 3)`.

    Returns:
        bool `(height, width)`.
    """
    channel = ndimage.gaussian_filter(nuclear_channel(density), 0.7)
    return channel > _threshold(channel)


def find_nuclei(
    density: np.ndarray, microns_per_pixel: float | None
) -> tuple[np.ndarray, float | None]:
    """Number the nuclei of a field, all lobes of a cell alike.

    Args:
        density: float32 `(height, width, 3)`.
        microns_per_pixel: Scale of `density`. If it is None, the nuclei's own size gives one that
            is good enough to join lobes and to leave platelets alone.

    Returns:
        int32 `(height, width)`, 0 elsewhere; and the scale, None where there is no nucleus.

    Raises:
        FieldError: There are more pieces than a smear has.
    """
    channel = ndimage.gaussian_filter(nuclear_channel(density), 0.7)
    threshold = _threshold(channel)
    dark = channel > threshold
    pale = label(channel > max(_LEAST_THRESHOLD, _PALE * threshold))
    pale[np.isin(pale, np.unique(pale[dark]))] = 0
    pieces = label(ndimage.binary_fill_holes(dark | (pale > 0)))
    areas = np.bincount(pieces.ravel())[1:]
    if not len(areas) or areas.max() < _LEAST_PIXELS:
        return pieces.astype(np.int32), microns_per_pixel
    if microns_per_pixel is None:
        # The largest piece may be one of several lobes, which a finer scale would not join.
        rough = float(np.sqrt(_USUAL_LOBE / areas.max()))
        whole = np.bincount(_join(_split(pieces, rough), rough).ravel())[1:]
        usual = float(np.median(whole[whole >= whole.max() / 2]))
        microns_per_pixel = float(np.sqrt(_USUAL_NUCLEUS / usual))
    nuclei = _join(_split(pieces, microns_per_pixel), microns_per_pixel)
    squared = np.bincount(nuclei.ravel()) * microns_per_pixel**2
    other = (squared < _LEAST_NUCLEUS) | (squared > _LARGEST_NUCLEUS)
    nuclei[other[nuclei]] = 0
    return relabel_sequential(nuclei)[0].astype(np.int32), microns_per_pixel


def _threshold(channel: np.ndarray) -> float:
    stained = channel[channel > _STAINED]
    if len(stained) < 50:
        return np.inf
    return max(float(threshold_otsu(stained)), _LEAST_THRESHOLD)


def _split(pieces: np.ndarray, scale: float) -> np.ndarray:
    """Split pieces at necks, and leave out the smallest."""
    parts, count = np.zeros_like(pieces), 0
    kept = [piece for piece in regionprops(pieces) if piece.area * scale**2 >= _LEAST_LOBE]
    for piece in kept:
        if max(len(kept), count) > _MOST_LOBES:
            raise FieldError(f"no smear: more than {_MOST_LOBES:,} pieces look like nuclei")
        inside = np.pad(piece.image, 1)
        depth = ndimage.distance_transform_edt(inside)
        peaks, _ = ndimage.label(h_maxima(depth, _NECK * depth.max()), np.ones((3, 3)))
        split = watershed(-depth, peaks, mask=inside)[1:-1, 1:-1]
        parts[piece.slice][piece.image] = split[piece.image] + count
        count += peaks.max()
    return parts


def _join(lobes: np.ndarray, scale: float) -> np.ndarray:
    """Give the lobes of a cell one number, nearest first."""
    group = np.arange(lobes.max() + 1)
    areas = np.bincount(lobes.ravel()) * scale**2
    places = dict(enumerate(ndimage.find_objects(lobes), 1))
    for one, other in neighbours(lobes, _GAP / scale):
        first, second = sorted((group[one], group[other]))
        together = areas[first] + areas[second]
        members = np.flatnonzero((group == first) | (group == second))
        if (
            first != second
            and min(areas[first], areas[second]) < _LARGEST_LOBE
            and together <= _LARGEST_JOINED
            and _width([places[int(member)] for member in members]) * scale <= _WIDEST
        ):
            group[group == second] = first
            areas[first] = together
    return group[lobes]


def neighbours(lobes: np.ndarray, most: float) -> list[tuple[int, int]]:
    """List the pairs of numbered pieces that are at most so many pixels apart, nearest first."""
    pairs = []
    margin = int(most) + 1
    for number, place in enumerate(ndimage.find_objects(lobes), 1):
        around = tuple(slice(max(side.start - margin, 0), side.stop + margin) for side in place)
        near = lobes[around]
        distance = ndimage.distance_transform_edt(near != number)
        others = np.unique(near[(near > number) & (distance <= most)])
        pairs += [(distance[near == other].min(), number, int(other)) for other in others]
    return [(one, other) for _, one, other in sorted(pairs)]


def _width(places: list[tuple[slice, ...]]) -> float:
    """Return the longer side of the box around some places."""
    return max(
        max(place[axis].stop for place in places) - min(place[axis].start for place in places)
        for axis in (0, 1)
    )
