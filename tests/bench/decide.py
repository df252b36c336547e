"""`decide` on a scope of 200 command rules: starts that were never seen before, and the mix that a build makes."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from supervisor.model.effect import Effect
from supervisor.model.request import Exec, Request, Subject
from supervisor.policy.decide import decide
from supervisor.policy.scope import Rule, Rules, Scope, Source

RULES = 200
LIMIT_US = 50.0
_PROGRAMS = (
    *("git", "npm", "pip", "cargo", "docker", "kubectl", "terraform", "aws", "make", "helm"),
    *(f"tool{number}" for number in range(30)),
)
_WORDS = ("push", "publish", "install", "delete", "apply", "run", "build", "remove")
_STARTS = (
    ("/usr/bin/ls", "ls -la src"),
    ("/usr/bin/git", "git status --porcelain"),
    ("/usr/bin/git", "git push origin main"),
    ("/usr/bin/node", "node --enable-source-maps build.js"),
    ("/usr/bin/gcc", "gcc -O2 -c main.c -o main.o"),
    ("/usr/bin/python3.12", "python3 -m pytest -q tests"),
    ("/usr/bin/terraform", "terraform -chdir=infra plan -out tfplan"),
    ("/usr/bin/rg", "rg -n --hidden needle"),
)


def scope() -> Scope:
    """Two hundred rules over forty programs."""
    effects = (Effect.ALLOW, Effect.ASK, Effect.DENY)
    rules = tuple(
        Rule(
            "commands",
            effects[number % 3],
            (f"{_PROGRAMS[number % len(_PROGRAMS)]} {_WORDS[number // len(_PROGRAMS)]}",),
            Source("bench.yaml", number + 1),
        )
        for number in range(RULES)
    )
    commands = Rules(rules, Effect.ALLOW, Source("bench.yaml", RULES + 1))
    return Scope("bench", "Measure", "sha256:0", Source("bench.yaml", 1), commands=commands)


def _requests(count: int, *, fresh: bool) -> list[Request]:
    made = []
    for number in range(count):
        program, text = _STARTS[number % len(_STARTS)]
        argv = (*text.split(), *((f"--seed={number}",) if fresh else ()))
        made.append(Request(f"r{number}", "exec", Subject("s", "bench"), Exec(program, argv, "/work")))
    return made


def _median_us(rules: Scope, requests: Iterable[Request]) -> float:
    now = datetime(2026, 2, 1, tzinfo=UTC)
    times = []
    for request in requests:
        begun = time.perf_counter_ns()
        decide(rules, (), request, now)
        times.append(time.perf_counter_ns() - begun)
    return statistics.median(times) / 1000


def run() -> dict[str, Any]:
    """Medians in microseconds; `unseen` is the one that the limit is about."""
    rules = scope()
    _median_us(rules, _requests(80, fresh=True))
    unseen = _median_us(rules, _requests(4_000, fresh=True))
    repeated = _median_us(rules, _requests(4_000, fresh=False))
    return {
        "rules": RULES,
        "unseen_median_us": round(unseen, 1),
        "repeated_median_us": round(repeated, 1),
        "limit_us": LIMIT_US,
        "holds": unseen <= LIMIT_US,
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
