"""Chromium without a window, which tells what a page requests and complains of."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / ".cache" / "screenshots"
"""Where tests leave what pages look like."""

_PROGRAMS = ("chromium", "chromedriver")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-dev-shm-usage",
)


def missing_browser() -> str | None:
    """Return why no page can be shown here; None where it can."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if not missing:
        return None
    return f"{' and '.join(missing)} not found: apt-get install chromium chromium-driver"


class Browser:
    """One Chromium, with a new profile.

    Args:
        directory: Where its profile lies.
    """

    def __init__(self, directory: Path) -> None:
        options = ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        for flag in (*_FLAGS, f"--user-data-dir={directory}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = Chrome(options, Service(shutil.which("chromedriver")))
        # Else Chromium's own first page, which is slow to load, asks for things during a test.
        self.driver.get("about:blank")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()

    def open(self, page: Path, *, width: int = 1280, theme: str = "light") -> None:
        """Show a file in a window of some width, for a user who likes a theme."""
        self.resize(width)
        features = [
            {"name": "prefers-color-scheme", "value": theme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.requests()
        self.complaints()
        self.driver.get(page.as_uri())

    def resize(self, width: int, height: int = 900) -> None:
        """Give the window a size; a real one of Chromium is never narrower than 500 pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def run(self, script: str, *args: Any) -> Any:  # Any: what crosses the border of JavaScript
        """Return what a script returns in the page."""
        return self.driver.execute_script(script, *args)

    def requests(self) -> list[str]:
        """Return the URLs that were requested since this was asked last."""
        entries = [json.loads(one["message"])["message"] for one in self._log("performance")]
        sent = [one["params"] for one in entries if one["method"] == "Network.requestWillBeSent"]
        return [str(one["request"]["url"]) for one in sent]

    def complaints(self) -> list[str]:
        """Return what the console has said since this was asked last."""
        return [str(one["message"]) for one in self._log("browser")]

    def screenshot(self, name: str) -> Path:
        """Keep what the whole page looks like, and return the file."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        width = self.run("return innerWidth")
        self.resize(width, self.run("return document.documentElement.scrollHeight"))
        path = SCREENSHOTS / f"{name}.png"
        self.driver.save_screenshot(str(path))
        self.resize(width)
        return path

    @contextmanager
    def without_scripts(self) -> Iterator[None]:
        """Have pages that are opened in this block run no script of their own."""
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

    def _log(self, kind: str) -> list[dict[str, Any]]:  # Any: JSON
        entries: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return entries


def is_elsewhere(url: str) -> bool:
    """Return whether a request has left the page's file; the browser's start page is no request."""
    return urlsplit(url).scheme not in {"chrome", "data", "file"}
