"""Commands that the user is to type: quoted for the shell, and such that they start from here."""

import re
import shlex
import shutil
import sys
from functools import cache
from pathlib import Path

_COMMAND = re.compile(r"\bpython scripts/(\w+\.py)")
_CHECKOUT = Path(__file__).resolve().parents[2]


def script_command(script: str, *arguments: object) -> str:
    """Return a command for messages, its arguments quoted for the shell.

    Args:
        script: The name of a file in scripts/.
        arguments: Options and values in order; paths and numbers are converted to text.
    """
    return shlex.join(["python", f"scripts/{script}", *map(str, arguments)])


def runnable(text: str) -> str:
    """Return a message for the terminal, its commands as they start from the current folder.

    "python scripts/NAME.py" stays as it is where `python` is this interpreter and scripts/ lies
    in the current folder. Elsewhere the interpreter and the script have their paths.
    """
    return _COMMAND.sub(lambda found: f"{_python()} {_path(found[1])}", text)


@cache
def _python() -> str:
    found = shutil.which("python")
    # An environment's python is a link; its folder, and not the file, says which one it is.
    if found and Path(found).parent.resolve() == Path(sys.executable).parent.resolve():
        return "python"
    return _from_here(Path(sys.executable))


@cache
def _path(script: str) -> str:
    if Path("scripts", script).is_file() or not (_CHECKOUT / "scripts" / script).is_file():
        return f"scripts/{script}"
    return _from_here(_CHECKOUT / "scripts" / script)


def _from_here(path: Path) -> str:
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
