"""A picture that is drawn as SVG as a PNG, for where no SVG is shown."""

from __future__ import annotations

from xml.etree import ElementTree

from harness.reporting.plots import STYLE

PACKAGE = "resvg_py"
ZOOM = 2.0  # a screen may have two pixels where the drawing has one
MOST = 30_000.0  # pixels of the longer side: a history of a thousand benchmarks takes no gigabyte
PAPER = "#ffffff"


def lacking() -> str | None:
    """What must be installed before a PNG can be written, for people; None where nothing must."""
    try:
        import resvg_py  # noqa: F401
    except ImportError:
        return '--png needs resvg-py: pip install "keras-harness[png]"'
    if png(_letter("M")) == png(_letter("")):  # it leaves out a text that it has no font for, without a word
        return "--png needs a font, and finds none: install one, as with apt-get install fonts-dejavu-core"
    return None


def png(svg: str) -> bytes:
    """The picture in the colours that it has on white paper."""
    import resvg_py

    drawing = ElementTree.fromstring(svg)
    longer = max(float(drawing.get("width", "")), float(drawing.get("height", "")))
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, background=PAPER, zoom=min(ZOOM, MOST / longer)))


def _letter(letter: str) -> str:
    drawing = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg", width="20", height="20")
    ElementTree.SubElement(drawing, "style").text = STYLE
    ElementTree.SubElement(drawing, "text", {"class": "ink", "x": "2", "y": "15"}).text = letter
    return ElementTree.tostring(drawing, encoding="unicode")
