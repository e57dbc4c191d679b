"""Tells which of a laboratory's two classes is the positive one, the disease."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tfrecords.class_names import CNMC_CLASSES, ClassNames, class_name_fault
from tfrecords.names import legible

_OF_CNMC = {"all": 1, "1": 1, "hem": 0, "0": 0}
_SPEAKING = {"negative": 0, "positive": 1}


class ClassError(ValueError):
    """There are not two classes, or nothing says which of them is the positive one."""


class ToldClasses(NamedTuple):
    """The names of the classes, and the label of each spelling in small letters."""

    names: ClassNames
    label_of: Mapping[str, int]


def tell_classes(found: Iterable[str], *, positive: str | None = None) -> ToldClasses:
    """Tell the two classes of a source by their names.

    `all` and `hem`, and the numbers 1 and 0, are C-NMC's; further names beside `all` and `hem` are
    no classes. Of other names one has to be said to be the positive class.

    Args:
        found: Names of folders or labels of a table, in any case and order.
        positive: The name of the positive class; None where it is to be told by the names.

    Raises:
        ClassError: See there.
    """
    spelling = {name.lower(): name for name in sorted(found, reverse=True)}
    asked = positive.lower() if positive is not None else None
    if asked in (None, "all", "1"):
        if {"all", "hem"} <= spelling.keys() or spelling.keys() <= _OF_CNMC.keys():
            return ToldClasses(CNMC_CLASSES, _OF_CNMC)
        if asked is None and spelling.keys() <= _SPEAKING.keys():
            return ToldClasses(ClassNames("negative", "positive"), _SPEAKING)
    if len(spelling) > 2:
        raise ClassError(
            "Expected two classes. Put others together or elsewhere. "
            f"Received: {_listed(spelling.values())}"
        )
    if positive is None or asked is None:
        raise ClassError(_question(list(spelling.values())))
    return _with_positive(spelling, asked, positive)


def _with_positive(spelling: Mapping[str, str], asked: str, positive: str) -> ToldClasses:
    others = [key for key in spelling if key != asked]
    if len(others) == 2:
        raise ClassError(
            f"Expected one of the classes as --positive: {_listed(spelling.values())}. "
            f"Received: {legible(positive)}"
        )
    shown = spelling.get(asked, positive)
    # A set to evaluate on may hold one class only.
    usual = f"not {shown}"
    other = spelling[others[0]] if others else "others" if class_name_fault(usual) else usual
    for name in (shown, other):
        if fault := class_name_fault(name):
            raise ClassError(f"{legible(name)}: {fault}")
    return ToldClasses(ClassNames(other, shown), {other.lower(): 0, asked: 1})


def _question(names: list[str]) -> str:
    if len(names) == 1:
        name = legible(names[0])
        return (
            f"There is one class, {name}. Say whether it is the positive one, the disease: "
            f"--positive {name}, or name the positive class instead: --positive NAME"
        )
    choices = ", or ".join(f"--positive {legible(name)}" for name in sorted(names))
    return f"Nothing says which class is the positive one, the disease. Name it: {choices}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(map(legible, names)))
