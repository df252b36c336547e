"""Shell text to the programs that it visibly starts; whatever only the running shell knows is marked as unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from supervisor.model.request import Exec
from supervisor.parse.names import base
from supervisor.parse.opaque import MARK, Opaque, is_known, readable
from supervisor.parse.shellwords import PIECE, WordReader, Words, hide_unknown

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

LONGEST = 16_384
_MOST_DOCUMENTS = 200
# The grammar's time grows with their square, and whatever decides waits for it.
_MOST_OPERATORS = 600
_OPERATORS = re.compile(r"[|<>&]")
MOST_STARTS = 500
_DEEPEST = 200

# Commands of the shell itself (bash, dash, zsh): they start no program.
_BUILTINS = frozenset(
    """: [ [[ bg bind break caller cd compgen complete compopt continue declare dirs disown echo enable exit export
    false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read readarray
    readonly return set shift shopt suspend test times true type typeset ulimit umask unalias unset wait autoload
    emulate setopt unsetopt zmodload zstyle bindkey compdef print whence rehash float integer""".split()
)
_PREFIXES = frozenset({"command", "builtin", "exec", "time", "coproc", "noglob", "nocorrect", "-", "!"})
_SETS_NAMES = frozenset(
    {"read", "readarray", "mapfile", "getopts", "unset", "let", "printf", "eval", "source", ".", "declare", "typeset"}
)
# The grammar's scanner reads a table out of bounds, and may crash, for characters beyond ASCII (tree-sitter-bash issue
# 337). To a shell all of them are ordinary parts of a word, like a slash: the grammar gets slashes, and since offsets
# stay, words are read from the text itself.
_ASCII = bytes(byte if byte < 128 else ord("/") for byte in range(256))
# A command name that is neither plain text nor one plain variable may turn out to be anything.
_ODD_NAME = re.compile(r"[^\w./+\-$:\[]|\$(?![A-Za-z_])|(?<=.)\$")


@dataclass(frozen=True, slots=True)
class ShellStart:
    """A start in shell text. `input` is what it reads, where that is visible; `fed` says that something feeds it."""

    start: Exec
    input: str | None = None
    fed: bool = False


@dataclass(slots=True)
class _Walk:
    source: bytes
    cwd: str
    env: tuple[tuple[str, str], ...]
    words: WordReader
    functions: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)
    found: list[ShellStart | Opaque] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def shell_starts(
    text: str,
    cwd: str = "",
    env: tuple[tuple[str, str], ...] = (),
    positional: tuple[str, ...] | None = None,
    *,
    quoted: bool = False,
) -> tuple[list[ShellStart | Opaque], list[str]]:
    """The starts that `text` leads to directly, and further texts that the shell will read (`eval`, `trap`).

    `positional` are `$0 $1 …` where they are known; `quoted` says that unknown pieces of the text cannot become shell
    syntax. Whatever is not understood is in the list as `Opaque`.
    """
    if len(text) > LONGEST:
        return [Opaque(readable(text[:200]), f"{len(text)} characters of shell text are more than we read")], []
    shown = readable(text)
    if text.count("<<") > _MOST_DOCUMENTS:
        return [Opaque(shown[:200], "more here-documents than we read")], []
    if sum(1 for _ in _OPERATORS.finditer(text)) > _MOST_OPERATORS:
        return [Opaque(shown[:200], "more pipes and redirections than we follow")], []
    try:
        source = hide_unknown(text).encode("utf-8", "surrogateescape")
        tree = _parser().parse(source.translate(_ASCII))
    except (UnicodeEncodeError, ValueError) as error:
        return [Opaque(shown, f"not readable as shell text: {type(error).__name__}")], []
    root = tree.root_node
    words = WordReader(source, positional)
    walk = _Walk(source, cwd, env, words)
    nodes = list(_all_nodes(root))
    _learn(nodes, walk)
    if root.has_error:
        walk.found.append(Opaque(shown, "not understood as shell text"))
    for node, depth, _ in nodes:
        if len(walk.found) > MOST_STARTS:
            walk.found.append(Opaque(shown[:200], "more program starts than we follow"))
            break
        if depth > _DEEPEST:
            walk.found.append(Opaque(shown[:200], "nested more deeply than we follow"))
            break
        if node.type == "command":
            _command(node, walk)
        elif node.type == "ERROR":
            walk.found.extend(_loose(node, walk))
    if not quoted and PIECE.encode() in source:
        walk.found.append(Opaque(shown, "part of this shell text is known only when it runs"))
    return walk.found, walk.texts


def _all_nodes(root: Node) -> Iterator[tuple[Node, int, bool]]:
    """Every node in the order of the text, with its depth, and whether it stands inside a function."""
    stack: list[tuple[Node, int, bool]] = [(root, 0, False)]
    while stack:
        node, depth, inside = stack.pop()
        yield node, depth, inside
        inside = inside or node.type == "function_definition"
        stack.extend((child, depth + 1, inside) for child in reversed(node.children))


def _learn(nodes: list[tuple[Any, int, bool]], walk: _Walk) -> None:
    """Names of functions, and the variables that have one plain value in the whole text."""
    assigned: dict[str, list[Any]] = {}
    lost = False
    for node, _, inside in nodes:
        kind = node.type
        if kind == "function_definition":
            name = node.child_by_field_name("name")
            walk.functions.add(walk.words.source_text(name) if name else "")
            walk.words.positional = None
        elif kind == "variable_assignment" and node.parent is not None and node.parent.type != "command":
            name = node.child_by_field_name("name")
            plain = node.parent.type in ("program", "list", "declaration_command") and not inside
            key = walk.words.source_text(name) if name else ""
            assigned.setdefault(key, []).append(node if plain else None)
        elif kind in ("for_statement", "select_statement", "c_style_for_statement", "arithmetic_expansion"):
            for child in node.children:
                if child.type == "variable_name":
                    assigned.setdefault(walk.words.source_text(child), []).append(None)
        elif kind == "expansion" and b"=" in walk.source[node.start_byte : node.end_byte]:
            lost = True
        elif kind == "command_name":
            name_text = walk.words.source_text(node)
            if name_text in ("set", "shift"):
                walk.words.positional = None
            lost = lost or name_text in _SETS_NAMES or _ODD_NAME.search(name_text) is not None
        elif kind in ("unset_command", "postfix_expression", "++", "--"):
            lost = True
    if lost or "IFS" in assigned:
        return
    values: dict[str, tuple[int, str]] = {}
    for key, places in assigned.items():
        node = places[0]
        if len(places) != 1 or node is None or b"+=" in walk.source[node.start_byte : node.end_byte]:
            continue
        value = node.child_by_field_name("value")
        found = walk.words.read(value) if value is not None else [""]
        if len(found) == 1 and is_known(found[0]):
            values[key] = (node.end_byte, found[0])
    if not any(_SETS_NAMES & set(value.split()) for _, value in values.values()):
        walk.words.variables.update(values)


def _command(node: Any, walk: _Walk) -> None:
    env, words = _parts(node, walk)
    _dispatch(words, env, node, walk, 0)


def _parts(node: Any, walk: _Walk) -> tuple[tuple[tuple[str, str], ...], Words]:
    env = dict(walk.env)
    words: Words = []
    for child in node.children:
        if child.type == "variable_assignment":
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            key = walk.words.source_text(name) if name else ""
            env[key] = "".join(walk.words.read(value, split=False)) if value is not None else ""
        elif "redirect" in child.type or child.type in ("herestring_redirect", ";", "&"):
            continue
        else:
            words.extend(walk.words.read(child))
    return tuple(env.items()), words


def _dispatch(words: Words, env: tuple[tuple[str, str], ...], node: Any, walk: _Walk, depth: int) -> None:
    if not words or depth > 20:
        return
    name, rest = words[0], words[1:]
    if not is_known(base(name)):
        walk.found.append(Opaque(walk.words.shown(node), "the program's name is known only to the running shell"))
        return
    if name in walk.aliases and depth == 0:
        walk.texts.append(" ".join([walk.aliases[name], *rest]))
    if name in walk.functions:
        return
    if name in _PREFIXES:
        _dispatch(_behind_prefix(name, rest), env, node, walk, depth + 1)
    elif name == "eval":
        walk.texts.append(" ".join(rest))
    elif name == "trap":
        if rest and not rest[0].startswith("-"):
            walk.texts.append(rest[0])
    elif name in ("source", "."):
        walk.found.append(Opaque(walk.words.shown(node), "it runs the commands of a file"))
    elif name == "alias":
        for pair in rest:
            key, equals, value = pair.partition("=")
            if equals:
                walk.aliases[key] = value
    elif name in ("cd", "pushd"):
        walk.cwd = _changed(walk.cwd, rest)
    elif name not in _BUILTINS:
        start = Exec(program=name, argv=tuple(words), cwd=walk.cwd, env=env)
        text, fed = _input(node, walk)
        walk.found.append(ShellStart(start, text, fed))


def _behind_prefix(name: str, rest: Words) -> Words:
    index = 0
    while index < len(rest) and rest[index].startswith("-"):
        if name == "command" and rest[index] in ("-v", "-V"):
            return []
        index += 2 if name == "exec" and rest[index].endswith("a") else 1
    return rest[index:]


def _changed(cwd: str, rest: Words) -> str:
    folders = [word for word in rest if not word.startswith("-")]
    if len(folders) != 1 or len(rest) != 1 or not is_known(folders[0]):
        return ""
    if folders[0].startswith("/"):
        return folders[0]
    return f"{cwd.rstrip('/')}/{folders[0]}" if cwd else ""


def _input(node: Any, walk: _Walk) -> tuple[str | None, bool]:
    """What the command reads: its here-document or here-string, or what `echo TEXT |` in front of it prints."""
    outer = node.parent if node.parent is not None and node.parent.type == "redirected_statement" else node
    for child in (*node.children, *(outer.children if outer is not node else ())):
        if child.type == "heredoc_redirect":
            body = next((part for part in child.children if part.type == "heredoc_body"), None)
            if body is not None and not any(part.type != "heredoc_content" for part in body.children):
                return walk.words.source_text(body), True
            return None, True
        if child.type == "herestring_redirect":
            values = [part for part in child.children if part.is_named]
            found = walk.words.read(values[0], split=False) if values else []
            return (found[0], True) if len(found) == 1 and is_known(found[0]) else (None, True)
        if child.type == "file_redirect" and walk.source[child.start_byte : child.start_byte + 1] == b"<":
            return None, True
    if outer.parent is None or outer.parent.type != "pipeline":
        return _behind_document(outer, walk)
    before = outer.prev_named_sibling
    if before is None:
        return _behind_document(outer.parent, walk)
    if before.type == "command":
        _, words = _parts(before, walk)
        printed = [word for word in words[1:] if word not in ("-n", "-e", "-ne", "-en")]
        simple = words[:1] == ["echo"] or (words[:1] == ["printf"] and len(printed) == 1 and "%" not in printed[0])
        if simple and all(is_known(word) for word in printed):
            return " ".join(printed).replace("\\n", "\n"), True
    return None, True


def _behind_document(node: Any, walk: _Walk) -> tuple[str | None, bool]:
    """`cat <<END | COMMAND`: the grammar hangs what follows the here-document's first line below it."""
    above = node.parent
    if above is None or above.type != "heredoc_redirect" or not (node.children and node.children[0].type == "|"):
        return None, False
    body = next((part for part in above.children if part.type == "heredoc_body"), None)
    feeder = above.parent.children[0] if above.parent is not None and above.parent.children else None
    if body is None or feeder is None or walk.words.source_text(feeder) != "cat" or body.named_child_count:
        return None, True
    return walk.words.source_text(body), True


def _loose(node: Any, walk: _Walk) -> list[ShellStart | Opaque]:
    """Words in a place that was not understood: whatever stands there may be a start."""
    words = [
        word for child in node.children if child.type in ("word", "command_name") for word in walk.words.read(child)
    ]
    return [Opaque(" ".join(readable(word) for word in words), "not understood as shell text")] if words else []


def mentions_unknown(text: str) -> bool:
    """True when a text has pieces that only the running shell knows."""
    return MARK in text
