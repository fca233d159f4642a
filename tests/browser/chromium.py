"""Chromium as tests drive it: headless, with a profile of its own, and nothing that asks for the world outside.

Selenium waits for the browser, so each word to it goes through a thread: the server under test lives on the loop meanwhile.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = next(filter(None, map(shutil.which, ("chromedriver", "chromium.chromedriver"))), None)
MISSING = "Chromium and chromedriver are not both installed: `make browser` as root on Debian, or packages chromium and chromium-driver"
CONTROL = "control.test"
"""The control origin under a name that browsers do not trust as they trust loopback: requests to it say nothing of where they go."""
DOMAIN = "vals.test"
"""A domain for vals that is no public suffix, as `localhost` is: browsers do not keep its hosts' cookies apart by themselves."""
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    f"--host-resolver-rules=MAP {CONTROL} 127.0.0.1, MAP *.{DOMAIN} 127.0.0.1",
)
PATIENCE = 60.0
"""Seconds after which a page that does not load, or a script that does not answer, is an error."""


@dataclass(frozen=True)
class Browser:
    """One session; its tabs have names and stay open, since a new one costs a process."""

    driver: webdriver.Chrome
    tabs: dict[str, str] = field(default_factory=dict)

    async def open(self, url: str, tab: str = "first") -> None:
        """Show an address in a tab, until the page's load event is over; the tab is then the one that is asked."""
        await asyncio.to_thread(self._open, url, tab)

    def _open(self, url: str, tab: str) -> None:
        if tab in self.tabs:
            self.driver.switch_to.window(self.tabs[tab])
        elif self.tabs:
            self.driver.switch_to.new_window("tab")
        self.tabs.setdefault(tab, self.driver.current_window_handle)
        self.driver.get(url)

    async def ask(self, script: str, *given: object) -> Any:  # noqa: ANN401 - any JSON
        """Run a function's body in the page, with these `arguments`, and wait for its promise."""
        return await asyncio.to_thread(self._ask, script, *given)

    def _ask(self, script: str, *given: object) -> object:
        return self.driver.execute_script(f"return (async function () {{ {script} }}).apply(null, arguments)", *given)

    async def click(self, selector: str) -> None:
        element = await asyncio.to_thread(self.driver.find_element, By.CSS_SELECTOR, selector)
        await asyncio.to_thread(element.click)

    async def text(self, selector: str) -> str:
        element = await asyncio.to_thread(self.driver.find_element, By.CSS_SELECTOR, selector)
        text: str = await asyncio.to_thread(lambda: element.text)
        return text

    async def address(self) -> str:
        address: str = await asyncio.to_thread(lambda: self.driver.current_url)
        return address

    async def console(self) -> list[str]:
        """Take what the console was told, errors of the browser itself too, since it was last asked."""
        return [entry["message"] for entry in await asyncio.to_thread(self.driver.get_log, "browser")]

    async def tidy(self) -> None:
        """Forget cookies and what the console was told."""
        await asyncio.to_thread(self.driver.execute_cdp_cmd, "Network.clearBrowserCookies", {})
        await self.console()


class Driver(webdriver.ChromeService):
    """chromedriver, at a port that it finds by itself: one that Selenium finds free may be another's a moment later."""

    def __init__(self, said: Path) -> None:
        """Take a file for what it says, where its port is."""
        self._said = said
        super().__init__(DRIVER)

    def _start_process(self, path: str) -> None:
        with self._said.open("w") as output:
            self.log_output, self.port = output, 0
            super()._start_process(path)
        while not (found := re.search(r"successfully on port (\d+)", self._said.read_text())):
            self.assert_process_still_running()
            time.sleep(0.01)
        self.port = int(found[1])


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Start a browser with an empty profile in this folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = PROGRAM or ""
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Driver(profile.with_name(f"{profile.name}.log")))
    try:
        driver.set_page_load_timeout(PATIENCE)
        driver.set_script_timeout(PATIENCE)
        yield Browser(driver)
    finally:
        driver.quit()
