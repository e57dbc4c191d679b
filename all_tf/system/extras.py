"""Extras of the installation: packages that only some commands need, and how to install them."""

from collections.abc import Iterable
from importlib.util import find_spec

from all_tf.system.checks import ConfigError
from all_tf.system.script_command import install_command


def require_modules(modules: Iterable[str], *, extra: str, what: str) -> None:
    """Raise unless modules can be imported; none of them is.

    Args:
        modules: Their names, as `import` takes them, without a dot.
        extra: Of setup.cfg, which installs them.
        what: That needs them, for the message.

    Raises:
        ConfigError: Some are missing.
    """
    if missing := [name for name in modules if find_spec(name) is None]:
        raise ConfigError(
            f"{what} needs what is not installed here: {', '.join(missing)}. "
            f"Install it: {install_command(extra)}"
        )
