"""HTML as a tree, so that every text is escaped by construction."""

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, tostring

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
Node = Element | str | None


def tag(name: str, /, *inside: Node | Iterable[Node], **attributes: str | float) -> Element:
    """An element. A trailing `_` of an attribute's name is dropped, others become `-`; texts are escaped when written."""
    made = Element(name, {key.rstrip("_").replace("_", "-"): _text(value) for key, value in attributes.items()})
    for one in inside:
        for node in [one] if isinstance(one, Element | str) or one is None else one:
            _append(made, node)
    return made


def page_of(root: Element) -> str:
    """The whole document."""
    return "<!DOCTYPE html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _append(parent: Element, node: Node) -> None:
    if node is None:
        return
    if isinstance(node, Element):
        parent.append(node)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + _clean(node)
    else:
        parent.text = (parent.text or "") + _clean(node)


def _text(value: str | float) -> str:
    return _clean(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def _clean(text: str) -> str:
    """Without what no document may hold: control characters, and lone surrogates, which could not be written."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
