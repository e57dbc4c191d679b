"""Checks of settings: type, choice and range."""

from typing import Any

# An annotation -> the types that `isinstance` accepts for it, where they are not the annotation.
_ACCEPTED_TYPES: dict[object, Any] = {
    float: int | float,
    float | None: int | float | None,
    tuple[str, ...]: tuple,
}


class ConfigError(ValueError):
    """A setting is invalid; the message names the value received and what is allowed."""


def of_type(name: str, value: object, expected: Any) -> None:
    """Raise unless a value has the type of its field.

    A damaged or edited file may hold text for a number, or a list for a name.

    Args:
        name: The dataclass field, for the message.
        value: The value of the field.
        expected: The annotation of the field. An int is accepted as a float; a bool is accepted
            only as a bool.

    Raises:
        ConfigError: The value has another type.
    """
    allowed = _ACCEPTED_TYPES.get(expected, expected)
    if isinstance(value, bool) is not (expected is bool) or not isinstance(value, allowed):
        shown = getattr(allowed, "__name__", allowed)
        raise ConfigError(f"Expected {name} of type {shown}. Received: {name}={value!r}")


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise ConfigError unless a value is one of the allowed choices."""
    if value not in allowed:
        raise ConfigError(
            f"Unknown {name}. Known: {', '.join(allowed)}. Received: {name}={value!r}"
        )


def between(name: str, value: float, least: float, most: float) -> None:
    """Raise ConfigError unless a number lies in [least, most]; NaN does not."""
    if not least <= value <= most:  # False for NaN.
        raise ConfigError(f"Expected {name} of {least:g} to {most:g}. Received: {name}={value}")


def at_most(name: str, value: int, most: int) -> None:
    """Raise ConfigError if a number is above `most`."""
    if value > most:
        raise ConfigError(f"Expected {name} of at most {most:,}. Received: {name}={value}")


def at_least(name: str, value: int | None, least: int) -> None:
    """Raise ConfigError if a number is below `least`; None is accepted."""
    if value is not None and value < least:
        raise ConfigError(f"Expected {name} of at least {least}. Received: {name}={value}")
