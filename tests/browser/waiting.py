"""Waits for what a page is about to do; Playwright's own way evaluates text in the page, and the policy bars that."""

import time

from playwright.sync_api import Page


def until(page: Page, expression: str, argument: object = None, seconds: float = 8) -> bool:
    """Whether an expression becomes true on a page within some seconds."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression, argument):
        if time.monotonic() > end:
            return False
        page.wait_for_timeout(20)
    return True
