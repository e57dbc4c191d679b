"""The outline of one white cell around its nucleus, by colours and a star-shaped region."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage
from skimage.measure import regionprops
from skimage.morphology import disk, opening
from sklearn.mixture import GaussianMixture

from all_tf.fields.optical_density import stain_hue
from all_tf.fields.star_shape import best_star

NUCLEUS_RADIUS = 20  # Pixels to which each cell is scaled here; lengths below are multiples of it.
_CERTAIN = 3.0  # Log odds of the nucleus, and the limit of all others.
_REACH = 4.2  # Radius of the largest cell.
_NEAR = 0.7  # How far cytoplasm is expected; beyond it the score falls by _FADING a radius.
_FADING = 0.3
# By which cytoplasm must differ from red cells for their hue to be used, and to be believed.
_HUE_GAP, _CERTAIN_GAP = 0.15, 0.4
_DARKER = 1.5  # Factor; granules are as dark as red cells, pale cytoplasm is not.
# How much rounder a region with the hue of red cells must be than without it to be the cell, and
# how much more for each time that it is larger: with red cells all around it is three times that.
_ROUNDER, _ROUNDER_IF_LARGER, _ROUNDER_IF_UNSURE = 0.025, 0.015, 0.01
_MANY = 0.1  # Share of the window.
_ALIKE, _ALIKE_BY_GAP = 0.13, 0.4  # Standard deviation of the hue of red cells.
_BORDER = 0.06  # Experts draw the border outside the half of its contrast.
_ROUNDS = 3
_SAMPLE = 1500  # Pixels that a mixture is fitted to.


class _Window(NamedTuple):
    """One cell and its surroundings; distances are from the nucleus, in its radii."""

    density: np.ndarray
    strength: np.ndarray  # Length of the density.
    nucleus: np.ndarray
    nuclei: np.ndarray
    foreign: np.ndarray  # What belongs to no cell or to another one.
    distance: np.ndarray


class _Hues(NamedTuple):
    red_cells: float
    gap: float  # By which the hue of cytoplasm is higher.
    red_cells_are_darker: bool
    are_alike: bool  # Whether there are many red cells, of one hue: no other white cells or dirt.


def outline_cell(
    density: np.ndarray, nucleus: np.ndarray, nuclei: np.ndarray, foreign: np.ndarray
) -> np.ndarray:
    """Return the region of the white cell that a nucleus belongs to.

    First guess: what absorbs at least half as much as the cytoplasm beside the nucleus and, where
    red cells lie near whose hue differs from it, is nearer to its hue than to theirs. Then, as in
    GrabCut (Rother et al., 2004), two mixtures of Gaussians learn the colours inside and outside,
    and the region is found again from their log odds, three times.

    Args:
        density: float32 `(height, width, 3)`, at a scale where the nucleus has `NUCLEUS_RADIUS`.
        nucleus: bool `(height, width)`, the nucleus of this cell, with all its lobes.
        nuclei: bool, all that is coloured like a nucleus.
        foreign: bool, what is nearer to the nucleus of another cell.
    """
    smooth = np.clip(ndimage.gaussian_filter(density, (1, 1, 0)), -0.3, 2)
    other = ndimage.binary_dilation(nuclei & ~nucleus)
    distance = ndimage.distance_transform_edt(~nucleus) / NUCLEUS_RADIUS
    strength = np.linalg.norm(smooth, axis=2)
    window = _Window(smooth, strength, nucleus, nuclei, other | foreign, distance)
    guess, score = _first_guess(window)
    region = _refine(window, guess, score)
    grown = ndimage.distance_transform_edt(~region) <= _BORDER * NUCLEUS_RADIUS
    return grown & ~foreign


def _first_guess(window: _Window) -> tuple[np.ndarray, np.ndarray]:
    """Return the region with or without what has the hue of red cells, and its score."""
    everything = _guess(window, np.ones(window.nucleus.shape))
    hue = stain_hue(window.density)
    hues = _hues(window, hue)
    if hues is None:
        return everything
    limit = hues.red_cells + min(0.18, 0.45 * hues.gap)
    without_red = _guess(window, np.clip((hue - limit) * 6, -1, 1))
    if hues.gap > _CERTAIN_GAP and hues.red_cells_are_darker:
        return without_red
    # Red cells that touch make a region lobed; pink granules that are taken for them, too.
    rounder = _solidity(everything[0]) - _solidity(without_red[0])
    larger = everything[0].sum() / without_red[0].sum() - 1
    sure = _ROUNDER + _ROUNDER_IF_LARGER * larger
    is_pink = rounder >= (sure if hues.are_alike else _ROUNDER_IF_UNSURE)
    return everything if is_pink else without_red


def _hues(window: _Window, hue: np.ndarray) -> _Hues | None:
    """Measure the hues of red cells and of cytoplasm; None if they cannot be told apart."""
    stained = (window.density[..., 1] > 0.2) & ~ndimage.binary_dilation(window.nuclei, iterations=8)
    red = opening(stained, disk(NUCLEUS_RADIUS // 5))  # Discs; outlines and dirt vanish.
    beside = _beside(window, 0.3)
    if red.mean() <= 0.02 or beside.sum() <= NUCLEUS_RADIUS:
        return None
    of_red = float(np.median(hue[red]))
    gap = float(np.percentile(hue[beside], 85)) - of_red
    darker = np.median(window.strength[red]) / np.median(window.strength[_beside(window, 0.4)])
    alike = red.mean() > _MANY and hue[red].std() < max(_ALIKE, _ALIKE_BY_GAP * gap)
    hues = _Hues(of_red, gap, bool(darker >= _DARKER), bool(alike))
    return hues if gap >= _HUE_GAP else None


def _beside(window: _Window, most: float) -> np.ndarray:
    """Return what is stained beside the nucleus, up to a distance."""
    ring = (window.distance > 0.08) & (window.distance < most)
    return ring & ~window.nuclei & (window.strength > 0.1)


def _guess(window: _Window, hue_score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cytoplasm = _beside(window, 0.4) & (hue_score > 0)
    known = cytoplasm.sum() > NUCLEUS_RADIUS
    usual = np.median(window.strength[cytoplasm]) if known else 0.3
    limit = np.clip(usual / 2, 0.12, 0.35)
    score = np.minimum(np.clip((window.strength - limit) * 8, -1, 1), hue_score)
    return _region(window, score), score


def _refine(window: _Window, region: np.ndarray, first: np.ndarray) -> np.ndarray:
    for _ in range(_ROUNDS):
        inside = region & ~window.nuclei & (first > -0.5)
        outside = ~region & ~window.foreign & (window.distance < 3.5)
        if min(inside.sum(), outside.sum()) < 3 * NUCLEUS_RADIUS:
            break
        odds = _log_likelihood(window.density, inside, 2) - _log_likelihood(
            window.density, outside, 4
        )
        odds = ndimage.gaussian_filter(np.clip(odds, -6, 6), 0.7) / 2
        before, region = region, _region(window, np.clip(odds + first, -_CERTAIN, _CERTAIN))
        if (before ^ region).sum() < 0.01 * before.sum():
            break
    return region


def _log_likelihood(density: np.ndarray, chosen: np.ndarray, num_colours: int) -> np.ndarray:
    """Return the log likelihood of each pixel under a mixture fitted to the chosen ones."""
    colours = density[chosen]
    colours = colours[:: -(-len(colours) // _SAMPLE)]
    num_colours = min(num_colours, max(1, len(colours) // 60))
    # The floor of the covariance is the noise of a JPEG.
    mixture = GaussianMixture(num_colours, reg_covar=4e-4, max_iter=30, random_state=0, tol=1e-2)
    mixture.fit(colours)
    return mixture.score_samples(density.reshape(-1, 3)).reshape(chosen.shape)


def _region(window: _Window, score: np.ndarray) -> np.ndarray:
    score = np.where(window.foreign, -_CERTAIN, score)
    score = np.where(window.nucleus, _CERTAIN, score)
    score = score - _FADING * np.clip(window.distance - _NEAR, 0, 3)
    centre = ndimage.center_of_mass(ndimage.binary_fill_holes(window.nucleus))
    return best_star(score, centre, int(_REACH * NUCLEUS_RADIUS)) | window.nucleus


def _solidity(region: np.ndarray) -> float:
    return regionprops(region.astype(np.uint8))[0].solidity
