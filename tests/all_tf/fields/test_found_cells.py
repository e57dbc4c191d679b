"""Cells of a field are found with their boxes, and those at its edge are not cut out."""

from all_tf.fields.found_cells import find_cells
from tests.all_tf.page.test_service import draw_field


def test_whole_cells_have_an_image_and_cells_at_the_edge_have_none():
    pixels = draw_field()[:, :700]  # Through the second cell.
    labels, cells = find_cells(pixels, microns_per_pixel=0.06, zoom=1.0)
    assert [cell.number for cell in cells] == sorted(set(labels.ravel().tolist()) - {0})
    whole = [cell for cell in cells if not cell.at_edge]
    assert len(whole) == 1 and whole[0].image.shape == (450, 450, 3)
    assert all(cell.image is None for cell in cells if cell.at_edge)
    top, left, bottom, right = whole[0].box
    assert 100 < top < bottom < 550 and 20 < left < right < 470
    assert whole[0].area == (labels == whole[0].number).sum()
