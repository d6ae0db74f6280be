"""The page in a real browser: it asks for nothing, works by keyboard, and can be read by all."""

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from glacier import Provider
from glacier.notebook import card
from tests.report.runs import failed_run, sales_run
from tests.rigs.browser import Browser, is_elsewhere

THEMES = ("light", "dark")
WIDTHS = (400, 1280)

CONTRASTS = """
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((one) => {
    const c = one / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const behind = (element) => {
  for (let one = element; one; one = one.parentElement) {
    if (one.tagName === "rect") continue;
    const color = parse(getComputedStyle(one).backgroundColor);
    if (color.length < 4 || color[3] === 1) return color.slice(0, 3);
  }
  return [255, 255, 255];
};
const found = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
  if (!own || ["SCRIPT", "STYLE", "title"].includes(element.tagName)) continue;
  const style = getComputedStyle(element);
  const isDrawn = element.namespaceURI.endsWith("svg");
  const text = parse(isDrawn ? style.fill : style.color).slice(0, 3);
  const box = isDrawn && element.parentElement.querySelector("rect");
  const ground = box ? parse(getComputedStyle(box).fill).slice(0, 3) : behind(element);
  const [light, dark] = [luminance(text), luminance(ground)].sort((a, b) => b - a);
  found.push([(light + 0.05) / (dark + 0.05), element.tagName, element.textContent.trim()]);
}
return found;
"""

FOCUSED = """
const one = document.activeElement, style = getComputedStyle(one);
return [one.id || one.getAttribute("aria-label") || one.textContent.trim(), one.tagName,
        parseFloat(style.outlineWidth), style.outlineStyle];
"""


@pytest.fixture
def page(provider: Provider, tmp_path: Path) -> Path:
    """The page about a run that has failed, which has all that pages can have but jobs."""
    return failed_run(provider).report(tmp_path / "run.html")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_page_asks_for_nothing_complains_of_nothing_and_fits(
    browser: Browser, page: Path, width: int, theme: str
) -> None:
    browser.open(page, width=width, theme=theme)

    browser.screenshot(f"report-{width}-{theme}")
    requests = browser.requests()
    assert [one for one in requests if is_elsewhere(one)] == []
    assert page.as_uri() in requests
    assert browser.complaints() == []
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("theme", THEMES)
def test_all_text_has_the_contrast_that_wcag_asks_for(
    browser: Browser, page: Path, theme: str
) -> None:
    """4.5 to 1, AA for text of any size: https://www.w3.org/TR/WCAG22/#contrast-minimum."""
    browser.open(page, theme=theme)
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    found = browser.run(CONTRASTS)

    assert len(found) > 100
    assert [one for one in found if one[0] < 4.5] == []


@pytest.mark.parametrize("colours", ["background:#fff;color:#222", "background:#111;color:#ddd"])
def test_cards_of_notebooks_take_the_colours_that_they_find(
    browser: Browser, provider: Provider, tmp_path: Path, colours: str
) -> None:
    cards = "".join(one._repr_html_() for one in (provider, sales_run(provider)))
    page = tmp_path / "cards.html"
    page.write_text(f'<meta charset="utf-8"><body style="{colours}">{cards}', encoding="utf-8")

    browser.open(page)

    browser.screenshot(f"cards-{'dark' if '#111' in colours else 'light'}")
    found = browser.run(CONTRASTS)
    assert len(found) > 10
    assert [one for one in found if one[0] < 4.5] == []


@pytest.mark.parametrize("theme", THEMES)
def test_button_changes_the_theme_and_says_which_one_it_is(
    browser: Browser, page: Path, theme: str
) -> None:
    browser.open(page, theme=theme)
    button = browser.driver.find_element(By.ID, "theme")
    ground = "return getComputedStyle(document.body).backgroundColor"
    before, was_dark = browser.run(ground), button.get_attribute("aria-pressed")

    button.click()

    assert (was_dark == "true") == (theme == "dark")
    assert button.get_attribute("aria-pressed") != was_dark
    assert browser.run(ground) != before
    button.click()
    assert browser.run(ground) == before


def test_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    browser: Browser, page: Path
) -> None:
    browser.open(page)
    reached = []
    for _ in range(9):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(browser.run(FOCUSED))

    assert [one[0] for one in reached] == [
        *("Skip to the content", "theme"),
        *("Errors", "Graph", "Timeline", "Tasks", "Data", "Settles and plans"),
        "Trace of save#2",
    ]
    assert all(width >= 2 and style == "solid" for _, _, width, style in reached)


def test_first_link_skips_to_the_content(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)

    assert browser.run(FOCUSED)[0] == "main"


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(
    browser: Browser, page: Path
) -> None:
    browser.open(page, width=400)

    unreachable = browser.run(
        "return [...document.querySelectorAll('body *')].filter((one) =>"
        " one.scrollWidth > one.clientWidth + 1"
        " && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX)"
        " && one.tabIndex < 0 && !one.querySelector('a, button')).map((one) => one.className)"
    )
    unnamed = browser.run(
        "return [...document.querySelectorAll('.scroll')].filter((one) =>"
        " one.getAttribute('role') !== 'region' || !one.getAttribute('aria-label')).length"
    )

    assert (unreachable, unnamed) == ([], 0)


def test_node_under_the_pointer_shows_what_it_is_connected_with(
    browser: Browser, provider: Provider, tmp_path: Path
) -> None:
    browser.open(sales_run(provider).report(tmp_path / "run.html"))

    browser.run(
        "document.querySelector('[data-node=\"1\"]').dispatchEvent(new Event('pointerenter'))"
    )

    near = browser.run(
        "return [...document.querySelectorAll('.node.near')].map((one) => one.dataset.node)"
    )
    assert near == ["0", "1", "2", "3", "5"]  # and not `count`, which stands alone


def test_page_is_whole_without_scripts(browser: Browser, page: Path) -> None:
    with browser.without_scripts():
        browser.open(page)
        (main,) = browser.driver.find_elements(By.TAG_NAME, "main")
        (button,) = browser.driver.find_elements(By.ID, "theme")
        (trace,) = browser.driver.find_elements(By.CSS_SELECTOR, "details summary")[:1]

        assert "Settles and plans" in main.text
        assert not button.is_displayed()
        assert trace.is_displayed()


def test_page_about_hundreds_of_tasks_can_be_read(
    browser: Browser, provider: Provider, tmp_path: Path
) -> None:
    from glacier import pipeline, task

    @task
    def part(*values: object) -> None:
        pass

    @pipeline
    def hundreds() -> None:
        layers = [[part() for _ in range(20)]]
        for _ in range(9):
            before = layers[-1]
            layers.append([part(before[i], before[(i * 7 + 3) % 20]) for i in range(20)])

    browser.open(hundreds.run().report(tmp_path / "run.html"))

    browser.screenshot("report-hundreds")
    overlapping = browser.run(
        "const boxes = [...document.querySelectorAll('.node rect')].map((one) => one.getBBox());"
        "return boxes.filter((a, i) => boxes.some((b, j) => i < j && a.x < b.x + b.width"
        " && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)).length"
    )
    spilling = browser.run(
        "return [...document.querySelectorAll('.node')].filter((one) => {"
        " const box = one.querySelector('rect').getBBox();"
        " return [...one.querySelectorAll('text')].some((text) => {"
        " const own = text.getBBox(); return own.x + own.width > box.x + box.width; }); }).length"
    )
    assert (overlapping, spilling) == (0, 0)
    assert browser.complaints() == []


@pytest.mark.parametrize("theme", THEMES)
def test_card_keeps_names_readable_beside_a_long_text(
    browser: Browser, tmp_path: Path, theme: str
) -> None:
    """They took a line for every two letters, since any text may break anywhere."""
    page = tmp_path / "card.html"
    html = card("Run of", "daily", [("status", "Failed"), ("failed: save", "no way " * 80)])
    page.write_text(f"<!doctype html><meta charset=utf-8>{html}", encoding="utf-8")

    browser.open(page, width=400, theme=theme)

    browser.screenshot(f"card-{theme}")
    status, failed = browser.run(
        "return [...document.querySelectorAll('th')].map((one) => one.getClientRects()[0].width)"
    )
    assert status == failed >= 90
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
