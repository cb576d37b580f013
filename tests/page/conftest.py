"""A folder of small figures, its page, and a real browser to read it with."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.axes import Axes

from analysis import gallery
from analysis.gallery import Gallery, printed
from analysis.page import write_page
from analysis.plots import house_style, new_figure
from analysis.studies.study import Drawing

CAPTION = "Data set: letters. 2 seeds. Certified at 0.25 < 1 & more. Records: abc0123; a processor."
TABLE = pd.DataFrame({"model": ['a "b", c', "d"], "size": [20, 60_000], "value": [0.9876, 1 / 3]})
DRAWN = ("mnist/data_scaling", "digits/data_scaling", "letters/data_scaling", "mnist/margin_loss", "theory/hidden_bit")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

CONTROLS = "a[href], button, input, select, summary, [tabindex='0']"
SEEN = "(each) => each.checkVisibility({visibilityProperty: true}) && each.getClientRects().length"
CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const linear = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (each) => {
    const color = rgba(getComputedStyle(each).backgroundColor);
    return color[3] > 200 || !each.parentElement ? color : ground(each.parentElement);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const each = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !each.checkVisibility()) continue;
    if (each.closest(".hidden, script, svg")) continue;
    const style = getComputedStyle(each);
    const [low, high] = [light(rgba(style.color)), light(ground(each))].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    if (ratio < 4.5 || size < 12) found.push([each.outerHTML.slice(0, 90), ratio, size]);
  }
  return found;
})()"""


def small_drawing(title: str) -> Drawing:
    with house_style():
        figure = new_figure(6, 2.5)
        axes: Axes = figure.subplots()
        axes.plot([1, 2, 4], [0.1, 0.5, 0.6])
        axes.set_title(title)
    return Drawing(figure, {"": TABLE, "_growth": TABLE[["model", "value"]]}, CAPTION)


def fill(folder: Path) -> Path:
    """Draw a few figures of four places."""
    formats = gallery.FORMATS
    gallery.FORMATS = {"svg": formats["svg"]}  # the others take time, and are on no page
    try:
        for name in DRAWN:
            Gallery(folder).write(name, printed(small_drawing(name)), "0123456789abcdef")
    finally:
        gallery.FORMATS = formats
    return folder


@pytest.fixture(scope="session")
def drawn_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("figures"))


@pytest.fixture
def figures(drawn_once: Path, tmp_path: Path) -> Path:
    """A folder of figures to change."""
    return Path(shutil.copytree(drawn_once, tmp_path / "figures"))


@pytest.fixture(scope="session")
def page(drawn_once: Path) -> Path:
    return write_page(drawn_once)


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Debian's chromium, without a window, with a profile of its own."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    places = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    missing = [name for name, place in places.items() if place is None]
    if missing:
        pytest.skip(f"no {' and no '.join(missing)}: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(places["chromium"])
    for option in (*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=str(places["chromedriver"]))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        yield browser
    finally:
        browser.quit()


class Reader:
    """Somebody in front of a screen."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path, *, width: int = 1400, dark: bool = False, at: str = "") -> "Reader":
        """Open a page from its file, anew."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get(f"{path.resolve().as_uri()}{at}")
        return self

    def ask(self, script: str, *values: Any) -> Any:
        """The value of a JavaScript expression."""
        return self.driver.execute_script(f"return {script}", *values)

    def wait(self, promise: str, *values: Any) -> Any:
        """What a promise comes to."""
        script = f"const done = arguments[arguments.length - 1]; ({promise}).then(done, (e) => done(String(e)))"
        return self.driver.execute_async_script(script, *values)

    def wait_for(self, expression: str) -> "Reader":
        """Go on once a JavaScript expression holds."""
        self.wait(
            f"new Promise((done) => {{ const look = () => ({expression}) ? done() : setTimeout(look, 20); look(); }})"
        )
        return self

    def press(self, *keys: str) -> None:
        """Type, where the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def pause(self, milliseconds: int = 200) -> None:
        """Let the page do what it has begun."""
        self.wait(f"new Promise((done) => setTimeout(done, {milliseconds}))")

    def unfold(self) -> None:
        """Open everything that can be opened."""
        self.ask("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        self.pause()

    def sticking_out(self) -> int:
        """Pixels by which the page is wider than the screen, with everything open."""
        self.unfold()
        width: int = self.ask("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return width

    def unreadable(self) -> list[Any]:
        """Text of less than 12 pixels, or of less contrast than WCAG 2.2 (1.4.3) asks for."""
        self.unfold()
        found: list[Any] = self.ask(CONTRAST)
        return found

    def unreachable(self) -> list[str]:
        """Controls that the tabulator key does not come to; of a group of radio buttons, the arrows reach the rest."""
        self.unfold()
        controls = f"[...document.querySelectorAll(`{CONTROLS}`)].filter({SEEN})"
        self.ask(f"{controls}.forEach((each, number) => {{ each.dataset.number = number; }})")
        radio = "(each) => each.type === 'radio' && !each.checked"
        wanted: set[str] = set(self.ask(f"{controls}.filter((e) => !({radio})(e)).map((e) => e.dataset.number)"))
        assert len(wanted) > 20
        reached = set()
        for _ in range(len(wanted) + 40):  # tables that have just been opened have controls as well
            self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Tab", "code": "Tab"})
            reached.add(self.ask("document.activeElement.dataset.number"))
        return [self.ask(f"document.querySelector('[data-number=\"{each}\"]').outerHTML") for each in wanted - reached]

    def unnamed(self) -> list[Any]:
        """Controls and images for which a screen reader has no name."""
        self.unfold()
        nodes = self.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        focusable = [
            node
            for node in nodes
            if any(each["name"] == "focusable" and each["value"]["value"] for each in node.get("properties", []))
            and node["role"]["value"] not in ("RootWebArea", "main", "figure", "Pre", "pre", "generic")
        ]
        images = [
            node for node in nodes if node["role"]["value"] in ("image", "img", "canvas", "Canvas", "graphics-document")
        ]
        assert len(focusable) > 20
        assert images
        return [node for node in (*focusable, *images) if not node.get("name", {}).get("value", "").strip()]

    def complaints(self) -> list[str]:
        """What the console says."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture
def reader(driver: Any) -> Reader:
    return Reader(driver)
