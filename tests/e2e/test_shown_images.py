"""Chromium can show every READY image of the types that it supports."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.e2e.browsers import chromium
from tests.image_cases import WHOLE

DECODE = """async (file) => {
  const image = new Image();
  image.src = `data:image/png;base64,${file}`;
  await image.decode();
  return image.naturalWidth * image.naturalHeight;
}"""
SHOWN = [name for name, (media_type, _) in WHOLE.items() if media_type not in ("image/heic", "application/pdf")]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page()
        page.goto("about:blank")
        yield page


@pytest.mark.parametrize("name", SHOWN)
def test_a_browser_decodes_what_the_check_takes(page: Page, name: str) -> None:
    assert page.evaluate(DECODE, b64encode(WHOLE[name][1]).decode()) > 0
