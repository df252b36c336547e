"""`python -m tests.readme`: the README's key table from the bindings, its figures from bench-out/."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from supervisor.console.bindings import Where, at

README = Path(__file__).parent.parent / "README.md"
PLACES = (Where.CARD, Where.GRANT, Where.TIMELINE, Where.REVIEW)


def keys() -> str:
    """A row for everything that keys do, with the places where they do it."""
    where: dict[tuple[str, str], list[str]] = {}
    for place in PLACES:
        caps: dict[str, list[str]] = {}
        for binding in at(place):
            caps.setdefault(binding.help, []).append(f"`{binding.cap}`")
        for help, names in caps.items():
            where.setdefault((" ".join(names), help), []).append(place.value)
    rows = ["| key | does | in |", "|---|---|---|"]
    rows += [f"| {caps} | {help} | {', '.join(places)} |" for (caps, help), places in where.items()]
    return "\n".join(rows)


def figures(folder: Path) -> str:
    """What `make bench` found, beside its target; what was not measured is left out."""
    rows = ["| measured | here | target |", "|---|---|---|"]
    machine: dict[str, Any] = {}
    for name in ("exec", "decide", "check", "start", "pane"):
        file = folder / f"{name}.json"
        if file.exists():
            found = json.loads(file.read_text("utf-8"))
            machine = found["machine"]
            rows += [f"| {what} | {here} | {target} |" for what, here, target in _ROWS[name](found)]
    plain = "" if machine.get("optimized_python") else ", an interpreter built without optimisations"
    where = f"{machine.get('cpus')} CPUs, Linux {machine.get('kernel')}, Python {machine.get('python')}{plain}"
    return "\n".join([*rows, "", f"Medians, side by side in one run of `make bench` ({where})."])


Rows = Iterator[tuple[str, str, str]]


def _exec(found: dict[str, Any]) -> Rows:
    for name, what in (("starts", f"{found['starts_counted']:,} program starts"), ("build", "a C build with make")):
        yield f"{what}, beside no supervision", f"{found[name]['ratio']:.2f} ×", f"{found[name]['target_ratio']} ×"


def _decide(found: dict[str, Any]) -> Rows:
    yield f"deciding, {found['rules']} rules, a start not seen before", f"{found['unseen_median_us']} µs", "50 µs"


def _check(found: dict[str, Any]) -> Rows:
    yield "`check`, from start to exit code", f"{found['check_ms']['median']} ms", f"{found['target_ms']} ms"


def _start(found: dict[str, Any]) -> Rows:
    yield "Enter to the agent's first byte, beside bare", f"{found['more_ms']} ms more", f"{found['target_more_ms']} ms"


def _pane(found: dict[str, Any]) -> Rows:
    yield from ()


_ROWS = {"exec": _exec, "decide": _decide, "check": _check, "start": _start, "pane": _pane}


def replaced(text: str, section: str, content: str) -> str:
    """The text with what stands between `<!-- section -->` and its end replaced."""
    begin, end = f"<!-- {section} -->", f"<!-- /{section} -->"
    assert begin in text and end in text, f"the README has no section {section}"
    return re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{content}\n{end}", text, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(replaced(README.read_text("utf-8"), "keys", keys()), "utf-8")
