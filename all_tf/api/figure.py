"""A figure that shows itself in a notebook, whatever the notebook's settings of matplotlib."""

from pathlib import Path

from matplotlib.figure import Figure

from all_tf.plots.style import as_png
from all_tf.system.outputs import require_file
from tfrecords.store.files import atomic_write


class ShownFigure:
    """A plot or a picture; a notebook shows it, and `save` writes it.

    Args:
        figure: Of matplotlib, for whoever wants to change it.

    Example:
        >>> all_tf.load("runs/first").draw_curve("loss").save("loss.png")
        PosixPath('loss.png')
    """

    def __init__(self, figure: Figure):
        self.figure = figure

    def save(self, path: str | Path) -> Path:
        """Write it as PNG, PDF or SVG, over a file that is there.

        Raises:
            ValueError: The name has another ending.
            OSError: The file cannot be written.
        """
        path = Path(path)
        require_file(path, ending=(".png", ".pdf", ".svg"))
        with atomic_write(path) as partial:
            self.figure.savefig(partial)
        return path

    def _repr_png_(self) -> bytes:
        return as_png(self.figure)
