"""Figures as a page shows them: without the caption, which the page has as words."""

from dataclasses import dataclass
from xml.etree import ElementTree

from analysis.plots.style import CAPTION

SVG = "http://www.w3.org/2000/svg"
LINK = "http://www.w3.org/1999/xlink"


@dataclass(frozen=True)
class Vector:
    """An SVG and its size.

    Attributes:
        text: The whole file.
        width: Points.
        height: Points.
    """

    text: str
    width: float
    height: float


def without_caption(text: str, height: float | None = None) -> Vector:
    """Leave out the caption of a figure, the room it takes, and what says how the file was made.

    Args:
        text: An SVG as :meth:`analysis.gallery.Gallery.write` saves it.
        height: Of the figure above its caption, points; None to cut nothing off.

    Returns:
        The figure.

    Raises:
        ValueError: If the text is no SVG with a size.

    Example:
        >>> without_caption(Path("figures/digits/spectrum.svg").read_text(), height=288).height
        288.0
    """
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", LINK)
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - drawn by this project
        left, top, width, whole = map(float, root.attrib["viewBox"].split())
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise ValueError(f"this is no SVG with a size: {error}") from error
    for metadata in root.findall(f"{{{SVG}}}metadata"):
        root.remove(metadata)
    captions = [(parent, child) for parent in root.iter() for child in parent if child.get("id") == CAPTION]
    for parent, child in captions:
        parent.remove(child)
    shown = height if captions and height is not None and 0 < height < whole else whole
    root.set("viewBox", f"{left:g} {top:g} {width:g} {shown:g}")
    root.set("width", f"{width:g}pt")
    root.set("height", f"{shown:g}pt")
    return Vector(ElementTree.tostring(root, encoding="unicode"), width, shown)
