"""How long work tells its caller how far it has come: through a function that it is given."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

_Item = TypeVar("Item")


class Progress(Protocol):
    """Passes items on, and may show how many have come."""

    def __call__(
        self, items: Iterable[_Item], description: str, total: int, *, unit: str = "image"
    ) -> Iterable[_Item]:
        """The items as they come.

        Args:
            items: The work, piece by piece.
            description: What is being done, in a word or two.
            total: How many pieces there are.
            unit: Their name, in the singular.
        """


def untold(
    items: Iterable[_Item], description: str, total: int, *, unit: str = "image"
) -> Iterable[_Item]:
    """The items as they come: nobody asked to be told."""
    del description, total, unit
    return items
