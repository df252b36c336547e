"""However a program is started, that start meets the gate: it runs when allowed and does not when denied."""

from __future__ import annotations

import shutil

import pytest

from tests.cell.cell_stage import PYTHON, Stage
from tests.gates.exec.guarded import RAN, TARGET, WHY, about_target, action_of, is_target, meets_the_gate, run
from tests.gates.network.stage import ALLOW, DENY
from tests.parts import missing


@pytest.mark.parametrize(
    "line",
    [
        "uname",
        "exec uname",
        "bash -c 'bash -c \"bash -c uname\"'",
        "echo x | uname | cat",
        "echo $(uname)",
        "cat <(uname)",
        "echo uname | xargs -n 1 env",
        "find . -maxdepth 0 -exec uname \\;",
        "find . -maxdepth 0 -execdir uname \\;",
        "env -i /usr/bin/uname",
        "nice -n 1 uname",
        "timeout 20 uname",
        "nohup uname",
        "setsid -w uname",
        "setsid -f uname 2> late | cat; cat late >&2",
        "exec 3< /usr/bin/uname; /proc/self/fd/3",
        "cp /usr/bin/uname innocent; ./innocent",
        "cp /usr/bin/uname a; ln a b; rm a; ./b",
        "ln -s /usr/bin/uname link; ln -s link again; ./again",
        "cp /usr/bin/uname own; (exec -a cat ./own)",
        "printf uname > inner.sh; sh inner.sh",
        "printf 'all:\\n\\t@uname\\n' > Makefile; make",
        "printf 'x := $(shell uname)\\nall:\\n\\t@echo $(x)\\n' > Makefile; make",
        "trap uname EXIT",
        "coproc uname; cat <&${COPROC[0]}",
        "awk 'BEGIN { system(\"uname\") }'",
        'perl -e \'exec {"/usr/bin/uname"} "ls"\'',
    ],
)
def test_shells_and_wrappers(stage: Stage, line: str) -> None:
    """What a shell, a wrapper, a link, a copy or a build starts is decided as itself."""
    for tool in ("make", "perl", "awk"):
        if tool in line.split() and shutil.which(tool) is None:
            missing(f"there is no {tool} here")
    meets_the_gate(stage, ["/bin/bash", "-c", line])


MEMFD = """
import os
there = os.memfd_create("plain")
os.write(there, open("/usr/bin/uname", "rb").read())
"""


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess; subprocess.call(['uname'])",
        "import subprocess; subprocess.call('uname', shell=True)",
        "import os; os.execv('/usr/bin/uname', ['ls'])",
        "import os; os.waitpid(os.posix_spawn('/usr/bin/uname', ['ls'], {}), 0)",
        "import os; os.system('uname')",
        "import os; os.execve(os.open('/usr/bin/uname', os.O_RDONLY), ['ls'], {})",
        MEMFD + "os.execve(there, ['ls'], {})",
        MEMFD + "os.execv(f'/proc/self/fd/{there}', ['ls'])",
        MEMFD + "os.execv(f'/proc/{os.getpid()}/fd/{there}', ['ls'])",
        "import shutil, os; shutil.copy('/usr/bin/uname', 'x'); f = os.open('x', os.O_RDONLY); os.unlink('x');"
        " os.execve(f, ['ls'], {})",
        "import os, threading; t = threading.Thread(target=os.execv, args=('/usr/bin/uname', ['ls'])); t.start();"
        " t.join()",
        "import pty; pty.spawn(['uname'])",
        "import os; os.chdir('/usr'); os.execv('bin/../bin/./uname', ['ls'])",
    ],
)
def test_python(stage: Stage, text: str) -> None:
    """What Python starts is decided as itself, from a descriptor, a deleted file or a memory file too."""
    if "pty" in text:
        # The line goes to the terminal that the program has, which Python copies to its output.
        done, _ = run(stage, [PYTHON, "-c", text], about_target(DENY))
        assert RAN not in done.out.split() and WHY in done.out + done.err
        return
    meets_the_gate(stage, [PYTHON, "-c", text])


@pytest.mark.parametrize(
    "text",
    [
        "require('child_process').spawnSync('uname', {stdio: 'inherit'})",
        "require('child_process').execFile('sh', ['-c', 'uname; :'], (e, out, err) => { console.log(out);"
        " console.error(err) })",
        "const {Worker} = require('worker_threads'); new Worker(\"require('child_process').spawnSync('uname',"
        " {stdio: ['ignore', 1, 2]})\", {eval: true})",
    ],
)
def test_node(stage: Stage, text: str) -> None:
    """What node starts is decided as itself, from a worker thread and with its sockets for output too."""
    node = shutil.which("node", path="/usr/bin:/usr/local/bin")
    if node is None:
        missing("there is no node here")
    meets_the_gate(stage, [node, "-e", text])


def test_node_tells_a_refused_start_by_its_error(stage: Stage) -> None:
    """A start that node itself is refused is an EACCES: node lets go of the pipes that the reason was written to."""
    node = shutil.which("node", path="/usr/bin:/usr/local/bin")
    if node is None:
        missing("there is no node here")
    text = "require('child_process').execFile('uname', (e, out) => console.log(e ? e.code : '', out))"
    done, _ = run(stage, [node, "-e", text], about_target(DENY))
    assert done.out.split() == ["EACCES"]


def test_the_loader_is_a_program(stage: Stage) -> None:
    """A start by the dynamic loader is one of the loader, with the program in its words; a copy of it is known too."""
    loader = "/lib64/ld-linux-x86-64.so.2"
    done, desk = run(
        stage,
        ["/bin/bash", "-c", f"{loader} {TARGET}; cp {loader} innocent; ./innocent {TARGET}"],
        lambda request: DENY if TARGET in action_of(request).argv else ALLOW,
    )
    actions = [action_of(request) for request in desk.requests if TARGET in action_of(request).argv]
    assert RAN not in done.out and len(actions) == 2
    assert "ld-linux" in actions[0].program and actions[1].program.endswith("/innocent")
    assert any(name.startswith("ld-") for name in actions[1].known_as)


def test_a_script_and_its_interpreter(stage: Stage) -> None:
    """A script is one start: of its interpreter, with the script named; interpreters of interpreters are followed."""
    (stage.workspace / "inner").write_text("#!/bin/bash -e\necho ran\n")
    (stage.workspace / "outer").write_text("#!./inner word\n")
    for name in ("inner", "outer"):
        (stage.workspace / name).chmod(0o755)
    for name, words in (("inner", ("-e", "./inner", "x")), ("outer", ("-e", "./inner", "word", "./outer", "x"))):
        done, desk = run(stage, ["/bin/sh", "-c", f"./{name} x"], ALLOW)
        assert done.out == "ran\n", (done, desk.faults)
        action = action_of(desk.requests[-1])
        assert action.program.endswith("/bash") and action.script == str(stage.workspace / name)
        assert action.argv[-1] == "x"
        done, desk = run(
            stage, ["/bin/sh", "-c", f"./{name} x"], lambda request: DENY if action_of(request).script else ALLOW
        )
        assert done.out == "" and WHY in done.err and len(words) >= 3


def test_the_words_of_a_hashbang_are_told(stage: Stage) -> None:
    """What `#!` lines put between the interpreter and the script is part of the start that is decided."""
    (stage.workspace / "inner").write_text("#!/usr/bin/uname -s word\n")
    (stage.workspace / "outer").write_text("#!./inner one two\n")
    for name in ("inner", "outer"):
        (stage.workspace / name).chmod(0o755)
    _, desk = run(stage, ["/bin/sh", "-c", "./inner x; ./outer x"], about_target(DENY))
    told = [action_of(request).hashbang for request in desk.requests if is_target(request)]
    assert told == [("-s word",), ("-s word", "./inner", "one two")]
