"""A shell that is denied for its text: whoever started it hears why."""

from __future__ import annotations

from supervisor.model.request import Request
from tests.cell.cell_stage import Stage
from tests.gates.exec.guarded import RAN, WHY, action_of, run
from tests.gates.network.stage import ALLOW, DENY
from tests.parts import need


def test_who_started_it_reads_the_reason(stage: Stage) -> None:
    """node, which lets go of a start's pipes when it fails, gets code 126 and the reason; nothing of the text ran."""
    text = "require('child_process').exec('uname; uname', (e, out, err) => console.log(e.code, out, err))"
    done, _ = run(stage, [need("node"), "-e", text], lambda request: DENY if _shell(request) else ALLOW)
    assert done.out.startswith("126 "), done
    assert WHY in done.out
    assert RAN not in done.out.split()


def test_in_its_callers_place_it_ends_it(stage: Stage) -> None:
    """A shell that would take its caller's place ends it with 126, under any name, and the reason is told once."""
    text = "ln -s /bin/sh other; exec ./other -c uname"
    done, _ = run(stage, ["/bin/bash", "-c", text], lambda request: DENY if _other(request) else ALLOW)
    assert (done.code, done.out) == (126, "")
    assert done.err.count(WHY) == 1


def _shell(request: Request) -> bool:
    return action_of(request).argv[1:] == ("-c", "uname; uname")


def _other(request: Request) -> bool:
    return action_of(request).argv == ("./other", "-c", "uname")
