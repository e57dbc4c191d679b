"""The parser of every script: bounded numbers, and help for options that it does not know."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from all_tf.system.arguments import file_path, real_number, whole_number
from tfrecords.names import legible

# Options as other programs call them, and ours: the first of those that a script has.
_ALIASES = {
    "--bs": ("--batch-size",),
    "--data-dir": ("--source", "--records"),
    "--img-size": ("--image-size",),
    "--lr": ("--learning-rate",),
    "--model": ("--arch",),
    "--opt": ("--optimizer",),
    "--sched": ("--schedule",),
}
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
_LEAST_LIKENESS = 0.6  # From 0, nothing in common, to 1, equal.


class ScriptParser(argparse.ArgumentParser):
    """A parser whose numbers are finite and whose paths are possible; its subparsers are alike."""

    _words: Sequence[str] = ()  # Of the command line.

    def __init__(self, *, refusal: type[Exception] | None = None, **settings):
        """Make a parser that raises `refusal` with the message; None: it ends the process."""
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **settings)
        self._refusal = refusal
        # What `type=int` means in `add_argument`, where it gives no narrower bounds.
        self.register("type", int, whole_number())
        self.register("type", float, real_number())
        self.register("type", Path, file_path)

    def parse_args(self, args=None, namespace=None):
        """As argparse has it; where a shell asks what could come next, answer and end."""
        if "_ARGCOMPLETE" in os.environ:
            import argcomplete

            argcomplete.autocomplete(self)
        return super().parse_args(args, namespace)

    def parse_known_args(self, args=None, namespace=None):
        """As argparse has it, with aliases; words that it does not know are an error."""
        words = sys.argv[1:] if args is None else args
        self._words = [self._without_alias(word) for word in words]
        parsed, surplus = super().parse_known_args(self._words, namespace)
        if surplus:
            self.error("unrecognized arguments: " + " ".join(surplus))
        return parsed, surplus

    def error(self, message: str):
        """End with the usage, the message and, of each unknown option, the nearest known one."""
        text = legible("; ".join([message, *self._hints()]))
        if self._refusal:
            raise self._refusal(text)
        super().error(text)

    def _options(self) -> list[str]:
        return _OPTION.findall(self.format_usage() + self.format_help())

    def _without_alias(self, word: str) -> str:
        option, equals, value = word.partition("=")
        known = self._options() if option in _ALIASES else []
        ours = next((name for name in _ALIASES.get(option, ()) if name in known), option)
        return ours + equals + value

    def _hints(self) -> list[str]:
        known = self._options()
        words = [word.partition("=")[0] for word in self._words]
        options = dict.fromkeys(word for word in words if word.startswith("--") and word != "--")
        unknown = [word for word in options if not any(name.startswith(word) for name in known)]
        nearest = {
            word: get_close_matches(word, known, n=1, cutoff=_LEAST_LIKENESS) for word in unknown
        }
        return [f"for {word}, did you mean {found[0]}?" for word, found in nearest.items() if found]
