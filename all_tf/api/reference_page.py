"""The text of docs/api.md, made from the docstrings of what `import all_tf` gives."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator

import all_tf
from all_tf.api.batch import BatchOptions
from all_tf.api.records import PackingOptions
from all_tf.api.set_options import ProofOptions, SetOptions
from all_tf.api.training import TrainingSettings

_HEAD = """# From Python

What the commands do, for notebooks and other programs. `import all_tf` loads nothing heavy; each
name is imported when it is first used, and TensorFlow when a function needs it. Everything is
typed. [notebooks/quickstart.ipynb](../notebooks/quickstart.ipynb) leads from drawn cells to a
report. The examples are tested, in this order and in one folder, with `import numpy as np`.

This page is made from the docstrings: `make docs/api.md`.
"""
# In the order in which somebody meets them.
_NAMES = (
    "make_records",
    "draw_batch",
    "train",
    "load",
    "TrainedClassifier",
    "compare",
    "EvaluationReport",
    "PredictionTable",
    "Explanation",
    "ExportedModel",
    "ComparedRuns",
    "Table",
    "ShownFigure",
)
_OPTIONS = (PackingOptions, BatchOptions, TrainingSettings, SetOptions, ProofOptions)
_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Example):\n", flags=re.MULTILINE)
_ITEM = re.compile(r"^([\w, ]+): ", flags=re.MULTILINE)
_WIDTH = 96


def reference_page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for name, documented in documented_objects():
        level = "###" if "." in name else "##"
        parts.append(f"{level} {name}\n")
        if inspect.isfunction(documented):
            parts.append(f"```python\n{_signature(name, documented)}\n```\n")
        parts += _markdown(inspect.getdoc(documented) or "")
    parts.append("## Options\n")
    for options in _OPTIONS:
        parts.append(f"```python\n{inspect.getsource(options).rstrip()}\n```\n")
    return "\n".join(parts)


def documented_objects() -> Iterator[tuple[str, object]]:
    """Functions, classes and public methods of the API with their names, in the page's order."""
    for name in _NAMES:
        thing = getattr(all_tf, name)
        yield name, thing
        if inspect.isclass(thing):
            for method, documented in _public(thing):
                yield f"{name}.{method}", documented


def _public(of_class: type) -> Iterator[tuple[str, object]]:
    """Methods and properties that the class, or one of ours above it, defines."""
    ours = [each for each in of_class.__mro__ if each.__module__.startswith("all_tf.")]
    inherited = {"Table"} if of_class.__name__ != "Table" else set()
    for each in (each for each in ours if each.__name__ not in inherited):
        for name, thing in vars(each).items():
            has_text = callable(thing) or hasattr(thing, "__get__")
            if name[0] != "_" and has_text and name not in getattr(each, "_fields", ()):
                yield name, thing


def _signature(name: str, function: Callable) -> str:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)  # For mypy.
    found, called = tree.args, name if "." in name else f"all_tf.{name}"
    missing: list[ast.expr | None] = [None] * (len(found.args) - len(found.defaults))
    texts = [*map(_parameter, found.args, [*missing, *found.defaults])]
    texts += ["*"] if found.kwonlyargs else []
    texts += [*map(_parameter, found.kwonlyargs, found.kw_defaults)]
    texts += [f"**{_parameter(found.kwarg, None)}"] if found.kwarg else []
    texts = [text for text in texts if text != "self"]
    returns = f" -> {ast.unparse(tree.returns)}" if tree.returns else ""
    line = f"{called}({', '.join(texts)}){returns}"
    lines = "".join(f"    {text},\n" for text in texts)
    return line if len(line) <= _WIDTH else f"{called}(\n{lines}){returns}"


def _parameter(found: ast.arg, default: ast.expr | None) -> str:
    value = "" if default is None else f" = {ast.unparse(default)}"
    return f"{ast.unparse(found)}{value}"


def _markdown(docstring: str) -> Iterator[str]:
    """A docstring's paragraphs, then each of its sections as a list, a text or an example."""
    text, *sections = _SECTION.split(docstring)
    yield f"{text.strip()}\n"
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        body = textwrap.dedent(body).strip()
        if title == "Example":
            yield f"```pycon\n{body}\n```\n"
        elif title == "Returns":
            yield f"**Returns** {_lower(body)}\n"
        else:
            items = _ITEM.sub(r"- `\1`: ", body)
            yield f"**{title}**\n\n{items}\n"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
