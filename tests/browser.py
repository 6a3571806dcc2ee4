"""A real browser for tests: Debian's Chromium, without a window, driven by Selenium."""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

BINARIES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip


@contextmanager
def open_browser(profile: Path) -> Iterator[Any]:
    """Start a browser with an empty profile; the test is skipped where there is none."""
    selenium = pytest.importorskip("selenium.webdriver")
    binary = next(filter(None, map(shutil.which, BINARIES)), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("no Chromium with chromedriver here (Debian: chromium, chromium-driver)")
    options = selenium.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    try:
        yield browser
    finally:
        browser.quit()


def show(browser: Any, *, width: int, scheme: Literal["light", "dark"]) -> None:
    """Pretend to be a screen of this width, on which pages are to be light or dark."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def requests_made(browser: Any) -> list[str]:
    """List the addresses that the page has asked for since the last time."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


@contextmanager
def serving(folder: Path, command: str, path: str) -> Iterator[str]:
    """Run one of our servers in a folder, and give its address once it answers at `path`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "bench", command, "--port", str(port)], cwd=folder
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            time.sleep(1)
            try:
                with urllib.request.urlopen(f"{address}{path}", timeout=2):
                    break
            except OSError:
                continue
        yield address
    finally:
        server.terminate()
        server.wait(30)


def wait_for(browser: Any, *texts: str, seconds: int = 90) -> str:
    """Wait until a page shows all of these, and return what it shows."""
    for _ in range(seconds):
        shown: str = browser.find_element("tag name", "body").text
        if all(text in shown for text in texts):
            return shown
        time.sleep(1)
    pytest.fail(f"{[text for text in texts if text not in shown]} not in:\n{shown}")
