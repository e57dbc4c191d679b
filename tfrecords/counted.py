"""A number of things in words."""


def counted(number: int, noun: str) -> str:
    """Write "1 patient", "2 patients" or "1,024 patients" for the noun "patient"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
