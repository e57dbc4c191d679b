"""A page about a run, taken apart into tags and texts, and a text that would harm one."""

from html.parser import HTMLParser
from pathlib import Path

from all_tf.reports.html_report.write import write_report

HOSTILE = """<script>alert(1)</script><img src=x onerror="f()">&'"|$x_{$ [a](http://e.vil) *b*"""
_VOID = {"meta", "img", "br", "input", "link", "hr"}


class Page(HTMLParser):
    """A page taken apart; raises where tags do not match."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):  # As SVG has them.
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open and self._open[-1] == tag, f"</{tag}> closes {self._open[-3:]}"
        self._open.pop()

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self) -> str:
        """What is read, on one line."""
        return " ".join(" ".join(self.texts).split())

    def of(self, tag: str) -> list[dict]:
        """The attributes of each such tag."""
        return [attributes for name, attributes in self.tags if name == tag]


def written(run: Path, out: Path, **options) -> tuple[str, str]:
    """The page and the model card of a run, without pictures unless asked for."""
    page, card = write_report(run, out, **{"cells": False, **options})
    return page.read_text(encoding="utf-8"), card.read_text(encoding="utf-8")
