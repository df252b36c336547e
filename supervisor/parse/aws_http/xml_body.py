"""XML bodies as a small tree, without anything that two parsers could read differently."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from supervisor.parse.aws_http.head import shown

DEEPEST = 48
MOST_ELEMENTS = 200_000

_SEPARATOR = "\n"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(slots=True)
class Element:
    """`name` is without namespace: all elements of a body have the same one. `text` is all text directly inside."""

    name: str
    text: str = ""
    attributes: list[tuple[str, str]] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)


class _Unreadable(Exception):
    pass


def read_xml(body: bytes) -> Element | str:
    """The root element, or in words why the body is refused. Never raises."""
    parser = expat.ParserCreate("UTF-8", namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    tree = _Tree()
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    parser.XmlDeclHandler = tree.declaration
    parser.StartDoctypeDeclHandler = tree.no_document_type
    parser.EntityDeclHandler = tree.no_document_type
    parser.ProcessingInstructionHandler = tree.no_instruction
    parser.CommentHandler = tree.no_comment
    try:
        body.decode("utf-8")
        parser.Parse(body, True)
    except UnicodeDecodeError:
        return "the body is not UTF-8"
    except expat.ExpatError as error:
        return f"the body is no XML: {expat.ErrorString(error.code)}"
    except _Unreadable as unreadable:
        return str(unreadable)
    return tree.root if tree.root is not None else "the body has no XML element"


class _Tree:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._path: list[Element] = []
        self._texts: list[list[str]] = []
        self._namespace = ""
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(_SEPARATOR)
        self._count += 1
        if len(self._path) >= DEEPEST or self._count > MOST_ELEMENTS:
            raise _Unreadable("the body is nested too deeply, or has too many elements")
        if self.root is None:
            self._namespace = namespace
        elif namespace != self._namespace:
            raise _Unreadable(f"the element {shown(local)} is of another namespace than the body")
        element = Element(local)
        for attribute, value in attributes.items():
            of, _, plain = attribute.rpartition(_SEPARATOR)
            if of not in ("", _XSI):
                raise _Unreadable(f"the attribute {shown(plain)} is of a namespace that no operation uses")
            element.attributes.append((f"xsi:{plain}" if of else plain, value))
        if self._path:
            self._path[-1].children.append(element)
        else:
            self.root = element
        self._path.append(element)
        self._texts.append([])

    def end(self, _name: str) -> None:
        self._path.pop().text = "".join(self._texts.pop())

    def text(self, text: str) -> None:
        self._texts[-1].append(text)

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii"):
            raise _Unreadable("the body declares another encoding than UTF-8")

    def no_document_type(self, *_: object) -> None:
        raise _Unreadable("the body has a document type, which could define entities")

    def no_instruction(self, *_: object) -> None:
        raise _Unreadable("the body has a processing instruction")

    def no_comment(self, *_: object) -> None:
        raise _Unreadable("the body has a comment, which readers disagree about")
