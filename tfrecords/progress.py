"""The type of a progress callback, which long work calls, and a callback that shows nothing."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

_Item = TypeVar("_Item")


class Progress(Protocol):
    """A function that passes items on and may show how many are done."""

    def __call__(
        self, items: Iterable[_Item], description: str, total: int, *, unit: str = "image"
    ) -> Iterable[_Item]:
        """Pass the items on, in their order.

        Args:
            items: The items of work.
            description: The name of the work, in a word or two.
            total: The number of items.
            unit: The name of one item, in the singular.
        """


def untold(
    items: Iterable[_Item], description: str, total: int, *, unit: str = "image"
) -> Iterable[_Item]:
    """Pass the items on without showing progress."""
    del description, total, unit
    return items
