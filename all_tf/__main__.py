"""The command `all-tf NAME`, or `python -m all_tf NAME`, with the options of scripts/NAME.py."""

import ast
import os
import sys
from importlib import import_module
from pathlib import Path

from all_tf import __version__, commands
from all_tf.system.cli import script_parser

_FOLDER = Path(commands.__file__).parent


def main() -> None:
    """Start the command that the first word names; without one, list all of them."""
    words = _words() or [""]
    command = words[0].replace("_", "-")
    modules = {path.stem.replace("_", "-"): path for path in sorted(_FOLDER.glob("[!_]*.py"))}
    if command not in modules:
        _parser(modules).parse_args()
    sys.argv = [f"all-tf {command}", *sys.argv[2:]]
    import_module(f"all_tf.commands.{modules[command].stem}").main()


def _words() -> list[str]:
    """The words of the command line; while a shell completes it, those that are complete."""
    line = os.environ.get("COMP_LINE", "") if "_ARGCOMPLETE" in os.environ else None
    if line is None:
        return sys.argv[1:]
    typed = line[: int(os.environ.get("COMP_POINT", len(line)))]
    words = typed.split()[1:] if typed.endswith(" ") else typed.split()[1:-1]
    if words:  # The command's own parser completes the rest, as if it were a second program.
        os.environ["_ARGCOMPLETE"] = "2"
    return words


def _parser(modules: dict[str, Path]):
    parser = script_parser(
        "Train, judge and use classifiers of single white blood cells.\n\n"
        "The options of a command: all-tf COMMAND --help",
        usage="all-tf [-h] [--version] COMMAND ...",
    )
    parser.prog = "all-tf"
    parser.add_argument("--version", action="version", version=f"all-tf {__version__}")
    command = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    for name, path in modules.items():
        command.add_parser(name, help=_first_line(path), add_help=False)
    return parser


def _first_line(path: Path) -> str:
    """What a command is for, without importing it."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.splitlines()[0].rstrip(".").replace("%", "%%")


if __name__ == "__main__":
    main()
