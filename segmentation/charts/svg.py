"""matplotlib's SVG made fit for a page: strict content security policy, unique ids, links, a description.

Nothing here needs `unsafe-inline`: style declarations become presentation attributes, the style element goes.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

from segmentation.charts.canvas import HIT_AREA_OPACITY, Link
from segmentation.charts.text.widths import clean_text

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_NAMESPACES = {"xmlns": "http://www.w3.org/2000/svg", "xmlns:xlink": "http://www.w3.org/1999/xlink"}
_FONTS = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'Liberation Sans', "
    "Arial, sans-serif"
)
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_DECIMALS = re.compile(r"-?\d+\.\d{3,}")
_SPACES = re.compile(r"\s+")
_REFERRING = ("clip-path", "fill", "stroke")
_ROUNDED = ("d", "x", "y", "width", "height")
_INHERITED_BY_USES = ("fill", "stroke", "stroke-width", "fill-opacity", "stroke-opacity", "stroke-linejoin")
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


@dataclass(frozen=True)
class SvgTexts:
    """What a chart says in words: its title, its description, and by gid its links and verbatim texts."""

    title: str
    description: str
    links: Mapping[str, Link]
    verbatim: Mapping[str, str]


def rewrite_svg(raw: bytes, texts: SvgTexts, *, prefix: str, scalable: bool) -> bytes:
    """Return what matplotlib wrote, as one `<svg>` element that a page can hold.

    Parameters
    ----------
    raw : bytes
        An SVG document by matplotlib, its text kept as text.
    texts : SvgTexts
    prefix : str
        Begins every id; letters, digits and hyphens. Charts of one page need different ones.
    scalable : bool
        Whether the chart takes the width of its place instead of its own.

    Raises
    ------
    ValueError
        If the prefix has other characters.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"A prefix is made of letters, digits and hyphens, unlike {prefix!r}.")
    root = ET.fromstring(raw)  # noqa: S314
    _remove_extras(root)
    for element in root.iter():
        _style_to_attributes(element)
        _shrink(element)
    for group in root.iter(f"{_SVG}g"):
        _lift_marker_style(group)
        if group.get("id") in texts.verbatim:
            next(group.iter(f"{_SVG}text")).text = texts.verbatim[group.attrib["id"]]
    if texts.links:
        _add_links(root, texts.links)
    _rename_ids(root, prefix)
    _describe(root, texts, prefix)
    _resize(root, scalable=scalable)
    return _write(root)


def _write(root: ET.Element) -> bytes:
    """Write names without a prefix, whatever prefix for SVG another library has asked for meanwhile."""
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        if _XLINK_HREF in element.attrib:
            element.set("xlink:href", element.attrib.pop(_XLINK_HREF))
    root.attrib = {**_NAMESPACES, **root.attrib}
    return ET.tostring(root, encoding="unicode").encode()


def _remove_extras(root: ET.Element) -> None:
    """Remove metadata (it holds the time) and the style element, whose one rule moves to the root."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{_SVG}metadata", f"{_SVG}style"}:
                parent.remove(child)
    root.set("stroke-linejoin", "round")
    root.set("stroke-linecap", "butt")
    root.set("font-family", _FONTS)


def _style_to_attributes(element: ET.Element) -> None:
    for declaration in element.attrib.pop("style", "").split(";"):
        name, _, value = declaration.partition(":")
        # The fonts are those of the root: the reader's own.
        if value and name.strip() != "font-family":
            element.set(name.strip(), value.strip())


def _shrink(element: ET.Element) -> None:
    """Leave out digits that nobody sees, and white space between elements."""
    for name in _ROUNDED:
        if name in element.attrib:
            shorter = _DECIMALS.sub(lambda match: f"{float(match[0]):.2f}", element.attrib[name])
            element.set(name, _SPACES.sub(" ", shorter).strip())
    if element.get("transform", "").startswith("rotate(-0"):
        del element.attrib["transform"]
    if element.tag != f"{_SVG}text":
        element.text = None
    element.tail = None


def _lift_marker_style(group: ET.Element) -> None:
    """Write the looks of a group of equal markers once: thousands of points stay small."""
    uses = group.findall(f"{_SVG}use")
    if len(uses) < 2 or len(uses) != len(group):
        return
    for name in _INHERITED_BY_USES:
        values = {use.get(name) for use in uses}
        if len(values) == 1 and None not in values:
            group.set(name, values.pop() or "")
            for use in uses:
                del use.attrib[name]


def _add_links(root: ET.Element, links: Mapping[str, Link]) -> None:
    """Wrap linked artists in `<a>`, and give all that are in `links` their tooltip."""
    parents = {child: parent for parent in root.iter() for child in parent}
    for element in [element for element in root.iter() if element.get("id") in links]:
        link = links[element.attrib["id"]]
        ET.SubElement(element, f"{_SVG}title").text = link.title
        for child in element:
            if child.get("opacity") == f"{HIT_AREA_OPACITY}":
                child.set("opacity", "0")
        if link.href is None:
            continue
        parent = parents[element]
        position = list(parent).index(element)
        parent.remove(element)
        anchor = ET.Element(f"{_SVG}a", _anchor_attributes(link))
        anchor.append(element)
        parent.insert(position, anchor)


def _anchor_attributes(link: Link) -> dict[str, str]:
    own = {"aria-label": link.title} if link.primary else {"aria-hidden": "true", "tabindex": "-1"}
    return {"href": link.href or "", **own}


def _rename_ids(root: ET.Element, prefix: str) -> None:
    """Number the ids that something refers to, after the prefix; drop all others."""
    names: dict[str, str] = {}

    def renamed(old: str) -> str:
        return names.setdefault(old, f"{prefix}-{len(names) + 1}")

    for element in root.iter():
        for name in _REFERRING:
            found = _REFERENCE.fullmatch(element.get(name, ""))
            if found:
                element.set(name, f"url(#{renamed(found[1])})")
        address = element.get(_XLINK_HREF, "")
        if address.startswith("#"):
            element.set(_XLINK_HREF, "#" + renamed(address[1:]))
        elif address:
            # Image data: matplotlib begins it on a line of its own.
            element.set(_XLINK_HREF, address.replace("\n", ""))
    for element in root.iter():
        old = element.attrib.pop("id", None)
        if old in names:
            element.set("id", names[old])


def _describe(root: ET.Element, texts: SvgTexts, prefix: str) -> None:
    """Put title and description in front; an image, unless links inside must be reachable."""
    linked = root.find(f".//{_SVG}a") is not None
    if linked:
        _hide_unlinked(root)
    root.set("role", "group" if linked else "img")
    root.set("aria-labelledby", f"{prefix}-title")
    root.set("aria-describedby", f"{prefix}-desc")
    for position, (tag, text) in enumerate((("title", texts.title), ("desc", texts.description))):
        element = ET.Element(f"{_SVG}{tag}", {"id": f"{prefix}-{tag}"})
        element.text = clean_text(text)
        root.insert(position, element)


def _resize(root: ET.Element, *, scalable: bool) -> None:
    """Give the size in CSS pixels, or leave it to the place the chart stands in."""
    width, height = root.attrib["viewBox"].split()[2:]
    for name, size in (("width", width), ("height", height)):
        if scalable:
            del root.attrib[name]
        else:
            root.set(name, size)


def _hide_unlinked(element: ET.Element) -> None:
    for child in element:
        if child.tag == f"{_SVG}a":
            continue
        if child.find(f".//{_SVG}a") is not None:
            _hide_unlinked(child)
        elif child.tag != f"{_SVG}defs":
            child.set("aria-hidden", "true")
