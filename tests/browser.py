"""A headless Chromium, asked through its WebDriver what a page shows."""

import base64
import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

_PAUSE = 0.2  # Seconds.
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # Continuous integration runs as root.
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
)
# What somebody would read: through shadow roots and frames, hidden elements left out.
_TEXT = """
const read = (node) => {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (['SCRIPT', 'NOSCRIPT', 'STYLE', 'TEMPLATE'].includes(node.nodeName)) return '';
  if (node instanceof Element && getComputedStyle(node).display === 'none') return '';
  const inner = node.nodeName === 'IFRAME' ? [node.contentDocument?.body].filter(Boolean)
    : node.nodeName === 'SLOT' ? node.assignedNodes()
    : (node.shadowRoot ?? node).childNodes;
  return [...inner].map(read).join(' ');
};
return read(document.body).replace(/\\s+/g, ' ');
"""


class Browser:
    """One window of a Chromium of its own; a context that ends it.

    Args:
        folder: An empty one, for the browser's profile.
    """

    def __init__(self, folder: Path):
        for program in ("chromium", "chromedriver"):
            if not shutil.which(program):
                pytest.skip(f"no {program} here to see pages by")  # A user's may have none.
        self._folder = folder

    def __enter__(self) -> "Browser":
        # Its log goes nowhere: a pipe that nobody reads would fill up.
        self._driver = subprocess.Popen(
            ["chromedriver", "--port=0", f"--log-path={self._folder / 'driver.log'}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        port = next(line.split()[-1] for line in self._driver.stdout if "successfully" in line)
        self._session = f"http://127.0.0.1:{port.rstrip('.')}/session"
        options = {"args": [*_FLAGS, f"--user-data-dir={self._folder / 'profile'}"]}
        capabilities = {"alwaysMatch": {"goog:chromeOptions": options}}
        try:
            answer = self._ask("POST", "", {"capabilities": capabilities})
        except OSError:
            self._end()
            raise
        self._session += "/" + answer["sessionId"]
        return self

    def __exit__(self, *error) -> None:
        try:
            self._ask("DELETE", "")
        finally:
            self._end()

    def _end(self) -> None:
        self._driver.terminate()
        self._driver.communicate()

    def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded."""
        self._ask("POST", "/url", {"url": url})

    def into_frame(self) -> None:
        """Look at the first frame of the page from now on, until another page is opened."""
        self._ask("POST", "/frame", {"id": 0})

    def run(self, script: str, *args) -> object:
        """What a script returns in the page, as JSON."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": args})

    def text(self) -> str:
        """All that can be read in the page, its frames included."""
        return self.run(_TEXT)

    def until(self, script: str, *args, seconds: float = 60) -> object:
        """What a script returns in the page, once that is something."""
        deadline = time.monotonic() + seconds
        while not (answer := self.run(script, *args)):
            assert time.monotonic() < deadline, f"nothing from {script}; the page: {self.text()}"
            time.sleep(_PAUSE)
        return answer

    def wait_for(self, *patterns: str, seconds: float = 60) -> str:
        """The page's text, once all patterns, regular expressions, are found in it."""
        deadline = time.monotonic() + seconds
        while missing := [each for each in patterns if not re.search(each, text := self.text())]:
            assert time.monotonic() < deadline, f"{missing} not shown in: {text}"
            time.sleep(_PAUSE)
        return text

    def picture(self, path: Path) -> None:
        """Write a PNG of the window."""
        path.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    def show_as(self, *, width: int, height: int, scheme: str) -> None:
        """Give the window a size in pixels, and the colours that its user likes: light or dark."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._command("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._command("Emulation.setEmulatedMedia", {"features": features})

    def download_to(self, folder: Path) -> None:
        """Keep downloads in a folder."""
        place = {"behavior": "allow", "downloadPath": str(folder)}
        self._command("Browser.setDownloadBehavior", place)

    def _command(self, name: str, parameters: dict) -> None:
        """A command of Chromium's own protocol."""
        self._ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def _ask(self, method: str, path: str, content: dict | None = None):
        data = None if method != "POST" else json.dumps(content).encode()
        request = Request(self._session + path, data, {"Content-Type": "application/json"})
        request.method = method
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]
