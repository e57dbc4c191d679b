"""Lists the folders and files below a folder; each folder once, wherever links lead."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Tree(NamedTuple):
    """The folders and files below a folder, in a fixed order, outer folders first."""

    folders: list[Path]
    files: list[Path]
    problems: list[str]  # One line for each folder that cannot be read.
    special: list[Path]  # FIFOs, sockets and devices, or links to them; to open one may never end.
    repeated: list[tuple[Path, Path]]  # A second way to a folder, and the place of its listing.


def walk(root: Path) -> Tree:
    """List everything below a folder except dotfiles and `__MACOSX`, which systems leave behind.

    Links to folders are followed after everything else, and each folder is listed once: links in
    a circle end, and a folder that lies below `root` is listed where it lies.
    """
    tree = Tree([], [], [], [], [])
    seen: dict[tuple[int, int], Path] = {}
    tops, ended = [root], 0
    while ended < len(tops):
        tops += _walk_without_links(tops[ended], tree, seen)
        ended += 1
    return tree


def _walk_without_links(top: Path, tree: Tree, seen: dict[tuple[int, int], Path]) -> list[Path]:
    """Add what lies below a folder to the tree, and return the links to other folders."""

    def report(error: OSError) -> None:
        tree.problems.append(f"{error.filename}: cannot be read: {error.strerror}")

    def is_new(folder: Path) -> bool:
        first = _first_place(folder, seen)
        if first != folder:
            tree.repeated.append((folder, first))
        return first == folder

    if not is_new(top):
        return []
    links = []
    for folder, children, files in os.walk(top, onerror=report):
        found = [Path(folder, child) for child in sorted(children) if _is_data(child)]
        tree.folders.extend(found)
        links += [child for child in found if child.is_symlink() and not _holds_itself(child)]
        inner = [child for child in found if not child.is_symlink() and is_new(child)]
        children[:] = [child.name for child in inner]
        for path in (Path(folder, file) for file in sorted(files) if file[0] != "."):
            (tree.files if path.is_file() or not path.exists() else tree.special).append(path)
    return links


def _first_place(folder: Path, seen: dict[tuple[int, int], Path]) -> Path:
    try:
        entry = folder.stat()
    except OSError:
        return folder  # The walk reports it.
    return seen.setdefault((entry.st_dev, entry.st_ino), folder)


def _is_data(name: str) -> bool:
    return not name.startswith(".") and name.upper() != "__MACOSX"


def _holds_itself(link: Path) -> bool:
    """Whether a link leads to a folder that contains it."""
    real = os.path.realpath(link)
    return Path(os.path.realpath(link.parent)).is_relative_to(real)


def list_special(tree: Tree, suffixes: Sequence[str]) -> list[str]:
    """List what is called like an image and is no regular file; it is not opened."""
    return [
        f"{path}: not a regular file" for path in tree.special if path.suffix.lower() in suffixes
    ]
