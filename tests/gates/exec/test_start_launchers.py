"""What a start might hide: a program behind a loader, a word in a name, and content without an end."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from supervisor.gates.exec.launched import WHY, Refused, is_launcher, launched
from tests.cell.cell_stage import PYTHON, Stage
from tests.gates.exec.guarded import RAN, TARGET, action_of, run
from tests.gates.network.stage import ALLOW
from tests.parts import missing

LOADER = next(
    (path for path in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1") if Path(path).exists()), ""
)


@pytest.fixture
def loader() -> str:
    """A dynamic loader of glibc."""
    return LOADER or missing("there is no glibc here")


@pytest.mark.parametrize(
    "what",
    [
        "./copy",
        "$PWD/copy",
        "./link",
        "--argv0 ls $PWD/copy",
        "-- $PWD/link",
        "/dev/fd/7 7< copy",
        "/proc/self/root/$PWD/copy",
        "--nothing-like-it /usr/bin/uname",
    ],
)
def test_the_loader_maps_nothing_that_can_be_changed(stage: Stage, loader: str, what: str) -> None:
    """A copy, a link in the workspace or a descriptor is refused in words, by the loader's own name or a copy of it."""
    shutil.copy(TARGET, stage.workspace / "copy")
    (stage.workspace / "link").symlink_to(TARGET)
    shutil.copy(loader, stage.workspace / "innocent")
    done, desk = run(stage, ["/bin/bash", "-c", f"{loader} {what}; ./innocent {what}"], ALLOW)
    assert RAN not in done.out, done
    assert done.err.count(WHY) == 2 and len(desk.faults) == 2, done


def test_the_loader_maps_what_is_the_systems(stage: Stage, loader: str) -> None:
    """What lies where the cell cannot write runs, told by its own name, and a look at any program is one."""
    shutil.copy(TARGET, stage.workspace / "copy")
    done, desk = run(stage, ["/bin/bash", "-c", f"{loader} {TARGET}; {loader} --list ./copy; ldd ./copy"], ALLOW)
    assert done.out.split().count(RAN) == 1 and done.out.count("linux-vdso") == 2, done
    assert not desk.faults


def test_a_link_of_the_system_is_what_it_leads_to(tmp_path: Path) -> None:
    """A read-only link with another name is told as the program behind it; a writable folder on the way is refused."""
    root = os.open("/", os.O_PATH | os.O_DIRECTORY)
    try:
        with pytest.raises(Refused):
            launched(root, "/lib64/ld-linux-x86-64.so.2", (b"ld", os.fsencode(tmp_path / "file")), ())
        with pytest.raises(Refused):
            launched(root, "/lib/ld-musl-x86_64.so.1", (b"ld", b"./x"), (b"LD_TRACE_LOADED_OBJECTS=1",))
        assert launched(root, "/lib64/ld-linux-x86-64.so.2", (b"ld", b"--help"), ()) == ()
    finally:
        os.close(root)
    assert is_launcher("/usr/lib/x86_64-linux-musl/libc.so", ()) and is_launcher("/tmp/x", ("ld-linux-x86-64.so.2",))


@pytest.mark.parametrize("name", ["destroy", "-s", "-chdir=x/destroy"])
def test_a_scripts_name_is_a_word_of_its_interpreter(stage: Stage, name: str) -> None:
    """A script whose path, as it is spelled, could be a word or an option is told as one."""
    script = stage.workspace / name
    script.parent.mkdir(exist_ok=True)
    script.write_text("#!/usr/bin/uname -m\n")
    script.chmod(0o755)
    text = f"import os; os.execv({name!r}, ['anything'])"
    _, desk = run(stage, [PYTHON, "-c", text], ALLOW)
    action = action_of(desk.requests[-1])
    assert action.script == str(script) and action.hashbang == ("-m", name)


def test_a_program_without_an_end_keeps_nobody_waiting(stage: Stage) -> None:
    """A file of holes that is larger than anybody wants to read is refused in words; the next start goes on."""
    text = "head -c 64 /bin/true > big; truncate -s 1T big; chmod +x big; ./big; ./big x; uname"
    done, desk = run(stage, ["/bin/bash", "-c", text], ALLOW)
    assert done.out.split() == [RAN] and done.err.count("takes too long to look at") == 2, done
    assert len(desk.faults) == 2
