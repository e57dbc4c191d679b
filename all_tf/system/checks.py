"""What a setting must be, checked at the door: its type, its word, its range."""


class ConfigError(ValueError):
    """A setting that cannot be; the message says which value came and what is allowed."""


def of_type(name: str, value: object, expected: type) -> None:
    """Refuse what a file that was tampered with may hold: text for a number, a list for a name.

    Args:
        name: Of a dataclass's field, for the message.
        value: What it was given.
        expected: Its annotation. A whole number passes for a float, nothing but a bool for a bool.
    """
    allowed = {float: int | float, tuple[str, ...]: tuple}.get(expected, expected)
    if isinstance(value, bool) is not (expected is bool) or not isinstance(value, allowed):
        shown = getattr(allowed, "__name__", allowed)
        raise ConfigError(f"Expected {name} of type {shown}. Received: {name}={value!r}")


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a word that is not known."""
    if value not in allowed:
        raise ConfigError(
            f"Unknown {name}. Known: {', '.join(allowed)}. Received: {name}={value!r}"
        )


def between(name: str, value: float, least: float, most: float) -> None:
    """Refuse a number outside [least, most], and NaN."""
    if not least <= value <= most:  # False for NaN.
        raise ConfigError(f"Expected {name} of {least:g} to {most:g}. Received: {name}={value}")


def at_least(name: str, value: int | None, least: int) -> None:
    """Refuse a number below `least`; None passes."""
    if value is not None and value < least:
        raise ConfigError(f"Expected {name} of at least {least}. Received: {name}={value}")
