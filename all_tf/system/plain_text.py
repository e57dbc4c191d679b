"""Text from files as it may be handed on: without folders of a person, without markup."""

import re
from pathlib import Path

from tfrecords.names import legible


def file_name(path: str) -> str:
    """The last part of a path of any system, which names no folder of a person."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]


def without_folders(text: str) -> str:
    """Text in which each absolute path is only its last part."""
    return re.sub(r"(?<![\w.:/])(?:~|[A-Za-z]:)?[\\/](?:[^\s\\/'\"]+[\\/])+", "", text)


def public_name(folder: Path) -> str:
    """The name of a folder for what is handed on; "runs" for a person's home folder."""
    there = folder.resolve()
    is_home = there == Path.home() or there.parent in (Path("/home"), Path("/Users"))
    return "runs" if is_home else legible(there.name)


def inert_markdown(text: str) -> str:
    """Text that Markdown shows without HTML, code, link or picture."""
    line = legible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = re.sub(r"([\\`*\[\]])", r"\\\1", line)
    return without_links(line)


def without_links(text: str) -> str:
    """Text in which no address becomes a link by itself, as GitHub's Markdown does."""
    return re.sub(r"(?i)\bwww\.", lambda www: f"{www[0][:-1]}&#46;", text.replace("://", "&#58;//"))
