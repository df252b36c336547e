"""A session's report as one HTML page that needs nothing else and runs nothing."""

from __future__ import annotations

from html import escape

from supervisor.journal.account import Account
from supervisor.journal.export.report import Item, Line, Quoted, report
from supervisor.journal.export.spoken import Words
from supervisor.journal.verify import Finding, Verification

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
code { font: 13px ui-monospace, monospace; background: #f2f2f2; padding: 1px 4px; overflow-wrap: anywhere;
       unicode-bidi: isolate; white-space: pre-wrap }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; border-bottom: 1px solid #ccc } li { margin: .2rem 0 }
.bad { border: 3px double #a00; padding: .5rem; font-weight: bold }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #e6e6e6 } code { background: #2a2a2a } }
@media print { body { max-width: none } }
"""
# The page is opened in a browser with a history of agents' text in it: whatever slips in may not load or run.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def as_html(whole: Account, verification: Verification, words: Words) -> str:
    """The page."""
    title, parts = report(whole, verification, words)
    plain = "".join(piece.text if isinstance(piece, Quoted) else piece for piece in title)
    bad = verification.finding in (Finding.CHANGED, Finding.UNREADABLE)
    lines = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(plain)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_line(title)}</h1>",
    ]
    for place, part in enumerate(parts):
        lines.append(f"<h2>{escape(part.head)}</h2>")
        if part.lead:
            lines.append(
                f'<p class="bad">{escape(part.lead)}</p>' if bad and not place else f"<p>{escape(part.lead)}</p>"
            )
        lines += ["<ul>", *(_item(item) for item in part.items), "</ul>"]
    return "\n".join([*lines, "</body></html>", ""])


def _item(item: Item) -> str:
    below = "".join(f"<li>{_line(line)}</li>" for line in item.below)
    return f"<li>{_line(item.line)}{f'<ul>{below}</ul>' if below else ''}</li>"


def _line(line: Line) -> str:
    return "".join(
        f'<code dir="ltr">{escape(piece.text)}</code>' if isinstance(piece, Quoted) else escape(piece) for piece in line
    )
