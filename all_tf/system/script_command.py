"""Commands that the user is to type: quoted for the shell, and such that they start from here."""

import re
import shlex
import shutil
import sys
from functools import cache
from pathlib import Path

_COMMAND = re.compile(r"\bpython scripts/(\w+)\.py")
_INSTALL = re.compile(r"\bpip install -e '\.\[(\w+)\]'")
_CHECKOUT = Path(__file__).resolve().parents[2]
_PROGRAM = "all-tf"


def script_command(script: str, *arguments: object) -> str:
    """Return a command for messages, its arguments quoted for the shell.

    Args:
        script: The name of a file in scripts/.
        arguments: Options and values in order; paths and numbers are converted to text.
    """
    return shlex.join(["python", f"scripts/{script}", *map(str, arguments)])


def install_command(extra: str) -> str:
    """Return the command for messages that installs an extra of setup.cfg.

    Without -e, pip would put a copy of the checkout into the environment, in the place of the link
    that `make demo` has made; `git pull` would then change nothing.
    """
    return f"pip install -e '.[{extra}]'"


def process_command(name: str) -> list[str]:
    """Return the words that start a command in a process of its own, with this interpreter.

    Args:
        name: Of a module in all_tf/commands/.
    """
    # Without -P, modules that lie in the current folder would be imported instead of others.
    return [sys.executable, "-P", "-m", "all_tf", name]


def runnable(text: str) -> str:
    """Return a message for the terminal, its commands as they start from the current folder.

    "python scripts/NAME.py" stays as it is where `python` is this interpreter and scripts/ lies
    in the current folder. Elsewhere the interpreter and the script have their paths. Where there is
    no scripts/, or the program was started as `all-tf`, it becomes "all-tf NAME".

    "pip install -e '.[EXTRA]'" stays as it is in a checkout; from another folder it has the path of
    the checkout, and without one, and -e, the name of the package.
    """
    text = _COMMAND.sub(lambda found: _start(found[1]), text)
    return _INSTALL.sub(lambda found: f"pip install {_package(found[1])}", text)


def _start(name: str) -> str:
    script = _CHECKOUT / "scripts" / f"{name}.py"
    if script.is_file() and not sys.argv[0].startswith(_PROGRAM):
        return f"{_python()} {_path(script)}"
    return f"{_program()} {name.replace('_', '-')}"


def _package(extra: str) -> str:
    if not (_CHECKOUT / "setup.cfg").is_file():
        return f"'all_tf[{extra}]'"
    if Path.cwd() == _CHECKOUT:
        return f"-e '.[{extra}]'"
    return f"-e {shlex.quote(f'{_CHECKOUT}[{extra}]')}"


@cache
def _python() -> str:
    found = shutil.which("python")
    # An environment's python is a link; its folder, and not the file, says which one it is.
    if found and Path(found).parent.resolve() == Path(sys.executable).parent.resolve():
        return "python"
    return _from_here(Path(sys.executable))


@cache
def _program() -> str:
    own = Path(sys.executable).with_name(_PROGRAM)
    found = shutil.which(_PROGRAM)
    if found and Path(found).parent.resolve() == own.parent.resolve():
        return _PROGRAM
    return _from_here(own) if own.is_file() else f"{_python()} -m all_tf"


@cache
def _path(script: Path) -> str:
    here = Path("scripts", script.name)
    return str(here) if here.is_file() else _from_here(script)


def _from_here(path: Path) -> str:
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
