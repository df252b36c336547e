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
    for name in _ROWS:
        file = folder / f"{name}.json"
        if file.exists():
            found = json.loads(file.read_text("utf-8"))
            machine = found["machine"]
            rows += [f"| {what} | {here} | {target} |" for what, here, target in _ROWS[name](found)]
    where = f"{machine.get('cpus')} CPUs, Linux {machine.get('kernel')}, Python {machine.get('python')}"
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
    tmux = found.get("tmux", "").startswith("tmux")
    for name, figures in found["absorbed"].items():
        if tmux and name in found["targets"]["absorbed_ratio"]:
            yield f"output swallowed, {name}, beside tmux", f"{figures['ratio']:.2f} ×", "1 ×"
    keys, targets = found["keys"], found["targets"]["keys_p50_ms"]
    for load, where in (("idle", "idle"), ("redraw", "30 redraws a second")):
        yield f"a key's echo, {where}", f"{keys[load]['pane_p50_ms']} ms", f"{targets[load]} ms"
    flood = keys["flood"]
    beside = f" (tmux {flood['tmux_p50_ms']} ms)" if tmux else ""
    yield "a key's echo in a flood", f"{flood['pane_p50_ms']} ms{beside}", "less than tmux"
    yield (
        "longest stall in a flood",
        f"{flood['pane_longest_stall_ms']} ms",
        f"{found['targets']['longest_stall_ms']} ms",
    )


def _identify(found: dict[str, Any]) -> Rows:
    yield "telling which AWS operation a request is", f"{found['median_us']} µs", f"{found['limit_us']} µs"


def _aws(found: dict[str, Any]) -> Rows:
    small, proxied = found["small"], "mitmproxy_ms" in found["small"]
    beside = f" (mitmproxy {small['mitmproxy_added_ms']} ms)" if proxied else ""
    yield "a small allowed AWS call", f"{small['gate_added_ms']} ms more{beside}", f"{small['target_added_ms']} ms"
    for what, name in (("put", "an upload of 256 MB"), ("get", "a download of 256 MB")):
        about = found[what]
        beside = f" (mitmproxy {about['mitmproxy_of_direct']:.2f} ×)" if proxied else ""
        yield f"{name}, beside direct", f"{about['gate_of_direct']:.2f} ×{beside}", f"{about['target_of_direct']} ×"
    yield "memory of the session process meanwhile, at most", f"{found['peak_rss_mb']} MB", "120 MB"


_ROWS = {
    "exec": _exec,
    "decide": _decide,
    "check": _check,
    "start": _start,
    "pane": _pane,
    "identify": _identify,
    "aws": _aws,
}


def replaced(text: str, section: str, content: str) -> str:
    """The text with what stands between `<!-- section -->` and its end replaced."""
    begin, end = f"<!-- {section} -->", f"<!-- /{section} -->"
    assert begin in text and end in text, f"the README has no section {section}"
    return re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{content}\n{end}", text, flags=re.DOTALL)


if __name__ == "__main__":
    text = replaced(README.read_text("utf-8"), "keys", keys())
    measured = README.parent / "bench-out"
    README.write_text(replaced(text, "figures", figures(measured)) if measured.exists() else text, "utf-8")
