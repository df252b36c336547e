"""`python -m tests.readme`: the README's key table from the bindings, its figures from bench-out/."""

from __future__ import annotations

import re
from pathlib import Path

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


def replaced(text: str, section: str, content: str) -> str:
    """The text with what stands between `<!-- section -->` and its end replaced."""
    begin, end = f"<!-- {section} -->", f"<!-- /{section} -->"
    assert begin in text and end in text, f"the README has no section {section}"
    return re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{content}\n{end}", text, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(replaced(README.read_text("utf-8"), "keys", keys()), "utf-8")
