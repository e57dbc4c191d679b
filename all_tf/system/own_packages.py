"""Whether Python finds this project's packages, and not others of the same names."""

from importlib.util import find_spec
from pathlib import Path

_HOME = Path(__file__).resolve().parents[2]
_FILES = {"builders": "classifier.py", "tfrecords": "schema.py"}  # Which other packages lack.


def require_own_packages() -> None:
    """Refuse to work with somebody else's `builders` or `tfrecords`.

    Both names are common: PyPI has packages of these names, and a folder of a user's may have one.

    Raises:
        ImportError: Python finds another package of that name first, or none.
    """
    for name, file in _FILES.items():
        spec = find_spec(name)
        found = next(iter(spec.submodule_search_locations or ()), spec.origin) if spec else None
        own = _HOME / name
        if found is None or Path(found).resolve() != own or not (own / file).is_file():
            raise ImportError(
                f"all_tf needs its own package {name}, in {_HOME}, and Python finds another one or "
                "none. Rename that, or take its folder out of PYTHONPATH and sys.path. "
                f"Received: {found}"
            )
