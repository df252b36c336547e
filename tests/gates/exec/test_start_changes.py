"""What was decided on is what runs: whatever is changed between the decision and the start."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from supervisor.gates.exec import calls
from supervisor.gates.exec.golang import Reads, go_program
from supervisor.gates.exec.steady import digest_of
from supervisor.gates.protocol import HELD
from supervisor.model.request import Request
from tests.cell.cell_stage import PYTHON, Stage, until
from tests.gates.exec.guarded import RAN, TARGET, WHY, about_target, action_of, compiled, run
from tests.gates.network.stage import ALLOW, DENY

ATTEMPTS = 700

RACE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
struct shared { volatile int over; char path[16], word[16]; };
static void flip(char *text, const char *one, const char *other) {
  memcpy(text, one, strlen(one) + 1);
  for (volatile int wait = 0; wait < 2000; wait++);
  memcpy(text, other, strlen(other) + 1);
  for (volatile int wait = 0; wait < 2000; wait++);
}
int main(int count, char **args) {
  if (count > 2 && !strcmp(args[2], "start")) {
    char file[4096] = {0};
    readlink("/proc/self/exe", file, sizeof file - 1);
    write(1, strstr(file, "/evil") || strcmp(args[1], "fine") ? "E" : "g", 1);
    return 0;
  }
  char *way = args[1], *none[] = {0};
  struct shared *shared = mmap(0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  strcpy(shared->path, !strcmp(way, "link") ? "./link" : "./good");
  strcpy(shared->word, "fine");
  char *words[] = {"good", shared->word, "start", 0};
  int flipper = fork();
  if (!flipper) {
    while (!shared->over) {
      if (!strcmp(way, "path")) flip(shared->path, "./good", "./evil");
      else if (!strcmp(way, "word")) flip(shared->word, "fine", "evil");
      else { symlink("good", "new"); rename("new", "link"); symlink("evil", "new"); rename("new", "link"); }
    }
    _exit(0);
  }
  for (int number = atoi(args[2]); number; number--) {
    int child = vfork(), status;
    if (!child) { execve(shared->path, words, none); _exit(9); }
    waitpid(child, &status, 0);
  }
  shared->over = 1;
  waitpid(flipper, 0, 0);
  write(1, ".", 1);
  return 0;
}
"""


@pytest.fixture(scope="module")
def racer(gcc: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that changes what it starts, while it starts it."""
    return compiled(tmp_path_factory.mktemp("race"), RACE, "-static")


@pytest.mark.parametrize("way", ["path", "word", "link"])
def test_rewriting_while_it_is_decided(stage: Stage, racer: Path, way: str) -> None:
    """A path, an argument or a link that another process flips all the time never starts what was not allowed."""
    shutil.copy(racer, stage.workspace / "good")
    shutil.copy(racer, stage.workspace / "evil")
    (stage.workspace / "link").symlink_to("good")

    def reply(request: Request) -> object:
        action = action_of(request)
        # Only what is wholly the good one: a word may be read half rewritten.
        bad = PurePosixPath(action.program).name == "evil" or action.argv[1] not in ("fine", way)
        return DENY if bad else ALLOW

    driver = stage.workspace / "good"
    done, desk = run(stage, [str(driver), way, str(ATTEMPTS)], reply)
    assert done.out.endswith(".") and "E" not in done.out, done
    assert "g" in done.out and WHY in done.err
    assert all("not what was decided on" in fault for fault in desk.faults), desk.faults


def rewriting(program: Path, change: Callable[[Path], None], reply: object) -> Callable[[Request], object]:
    """Answer `reply` about `program`, after it was changed: between the look at it and its start."""

    def answer(request: Request) -> object:
        if action_of(request).program != str(program):
            return ALLOW
        change(program)
        return reply

    return answer


def overwrite(program: Path) -> None:
    """Other content in the same file, with the old times."""
    before = program.stat()
    program.write_bytes(Path(TARGET).read_bytes())
    os.utime(program, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(program: Path) -> None:
    """Another file under the same name."""
    shutil.copy(TARGET, program.with_name("other"))
    program.with_name("other").rename(program)


@pytest.mark.parametrize("change", [overwrite, replace])
@pytest.mark.parametrize("reply", [ALLOW, HELD], ids=["allowed", "held"])
def test_other_content_is_not_started(stage: Stage, change: Callable[[Path], None], reply: object) -> None:
    """A program that is overwritten or replaced after it was decided on is killed before it runs, and that is told."""
    program = Path(shutil.copy("/usr/bin/id", stage.workspace / "program"))
    done, desk = run(stage, ["/bin/sh", "-c", "./program; echo code-$?"], rewriting(program, change, reply))
    assert done.out == "code-137\n", done
    (fault,) = desk.faults
    assert "not what was decided on" in fault
    assert len(desk.withdrawn) == (reply is HELD)


@pytest.mark.parametrize("change", [lambda program: program.chmod(0o700), lambda program: program.touch()])
def test_other_times_alone_change_nothing(stage: Stage, change: Callable[[Path], None]) -> None:
    """A program whose times or mode are set meanwhile, but not its content, runs."""
    program = Path(shutil.copy(TARGET, stage.workspace / "program"))
    done, desk = run(stage, ["/bin/sh", "-c", "./program"], rewriting(program, change, ALLOW))
    assert done.out.split() == [RAN] and not desk.faults


MAPPED = """
import mmap, os, subprocess, sys
good, evil = open("/usr/bin/id", "rb").read(), open("/usr/bin/uname", "rb").read()
size = max(len(good), len(evil))
good, evil = good + bytes(size - len(good)), evil + bytes(size - len(evil))
program = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o755)
os.write(program, good)
mapped = mmap.mmap(program, size)
mapped[:] = good
for text in (good, evil):
    mapped[:] = text
    if text is evil:
        mapped.close()
        os.close(program)
    try:
        subprocess.call([sys.argv[1]])
    except OSError as error:
        print(error.errno)
"""


@pytest.mark.parametrize("where", ["/tmp/program", "./program"])
def test_content_behind_a_mapping_is_read_again(stage: Stage, where: str) -> None:
    """A file that a shared mapping changes, with no trace in its times, is known by what it holds at each start."""
    done, desk = run(stage, [PYTHON, "-c", MAPPED, where], ALLOW)
    assert done.out.split() == [RAN, "26"] or done.out.split() == ["26", RAN], done
    first, second = (action_of(request) for request in desk.requests if request.action.program.endswith("/program"))
    assert first.sha256 != second.sha256


def test_a_file_that_is_cut_off_while_it_is_read_harms_nobody(tmp_path: Path) -> None:
    """A program that shrinks under the reader is a short one; with a mapping it would end the session by SIGBUS."""
    (tmp_path / "short").write_bytes(b"\x7fELF\x02\x01" + bytes(100))
    with (tmp_path / "short").open("rb") as file:
        data = Reads(file.fileno(), 1 << 30)
        assert go_program(data) == "" and data[1 << 20 : 1 << 21] == b"" and data.find(b"\xff Go") == -1
        assert len(digest_of(file.fileno())) == 64


def test_build_information_across_two_reads_is_found(tmp_path: Path) -> None:
    """A word that begins in one chunk and ends in the next is found where it begins."""
    (tmp_path / "data").write_bytes(bytes((1 << 20) - 3) + b"\xff Go buildinf:" + bytes(10))
    with (tmp_path / "data").open("rb") as file:
        assert Reads(file.fileno(), 1 << 21).find(b"\xff Go buildinf:") == (1 << 20) - 3


def test_a_thread_that_has_become_its_process_is_found(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that has taken over its process's pid before the gate interrupts it is not waited for under its own."""
    interrupt, late = calls.interrupt, []

    def interrupt_late(tid: int) -> None:
        try:
            os.close(os.pidfd_open(tid))
        except OSError:  # not the first of its process
            until(lambda: not Path(f"/proc/{tid}").exists())
            late.append(tid)
        interrupt(tid)

    monkeypatch.setattr(calls, "interrupt", interrupt_late)
    text = "import os, threading; threading.Thread(target=os.execv, args=('/usr/bin/uname', ['ls'])).start()"
    done, desk = run(stage, [PYTHON, "-c", text], about_target(ALLOW))
    assert late and done.out.split() == [RAN] and not desk.faults
