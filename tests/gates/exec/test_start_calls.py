"""The kernel's own ways to start a program, from C: all meet the gate, and the ways around it are closed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cell.cell_stage import Stage
from tests.gates.exec.guarded import RAN, TARGET, WHY, about_target, action_of, compiled, is_target, meets_the_gate, run
from tests.gates.network.stage import ALLOW, DENY

WAYS = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static char *words[] = {"ls", 0}, *none[] = {0};
static char stack[65536];
static int go(void *path) { execve(path, words, none); _exit(9); }
static void *in_thread(void *path) { go(path); return 0; }
static void *spin(void *nothing) { for (;;) sched_yield(); }
int main(int count, char **args) {
  char *way = args[1], *path = args[2];
  int status = 0;
  pthread_t thread;
  if (!strcmp(way, "vfork")) { if (!vfork()) go(path); wait(&status); }
  else if (!strcmp(way, "clone")) { clone(go, stack + 65536, CLONE_VM | CLONE_VFORK | 17, path); wait(&status); }
  else if (!strcmp(way, "clone-plain")) { clone(go, stack + 65536, 17, path); wait(&status); }
  else if (!strcmp(way, "spawn")) { int pid; posix_spawn(&pid, path, 0, 0, words, none); wait(&status); }
  else if (!strcmp(way, "empty-path")) syscall(SYS_execveat, open(path, O_PATH), "", words, none, AT_EMPTY_PATH);
  else if (!strcmp(way, "empty-path-cloexec"))
    syscall(SYS_execveat, open(path, O_RDONLY | O_CLOEXEC), "", words, none, AT_EMPTY_PATH);
  else if (!strcmp(way, "folder")) syscall(SYS_execveat, open("/usr", O_PATH), "bin/uname", words, none, 0);
  else if (!strcmp(way, "high-bits"))
    syscall(SYS_execveat, 0x100000000L | (unsigned)open("/usr", O_PATH), "bin/uname", words, none, 0x100000000L);
  else if (!strcmp(way, "many-threads")) {
    for (int number = 0; number < 150; number++) {
      if (!fork()) { pthread_create(&thread, 0, in_thread, path); pthread_join(thread, 0); _exit(9); }
      wait(&status);
    }
  }
  else if (!strcmp(way, "null-words")) execve(path, 0, 0);
  else if (!strcmp(way, "thread")) {
    pthread_create(&thread, 0, spin, 0);
    pthread_create(&thread, 0, spin, 0);
    pthread_create(&thread, 0, in_thread, path);
    pthread_join(thread, 0);
  } else if (!strcmp(way, "page-end")) {
    char *two = mmap(0, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(two + 4096, 4096);
    char *end = two + 4096 - strlen(path) - 1;
    strcpy(end, path);
    char **list = (char **)(two + 4096 - 64);
    list[0] = "ls"; list[1] = 0;
    memmove(two, end, strlen(path) + 1);
    execve(two, list, none);
  } else if (!strcmp(way, "int80")) {
    char *low = mmap((void *)0x10000000, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    strcpy(low, path);
    unsigned *list = (unsigned *)(low + 1024);
    list[0] = 0x10000000; list[1] = 0;
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(11), "b"(low), "c"(list), "d"(0) : "memory");
    printf("errno %ld\n", -result);
  } else if (!strcmp(way, "x32")) {
    for (int number = 520; number <= 545; number += 25) {
      long result = number == 520 ? syscall(0x40000000 | 520, path, words, none)
                                  : syscall(0x40000000 | 545, -100, path, words, none, 0);
      printf("errno %d\n", result < 0 ? errno : 0);
    }
  } else if (!strcmp(way, "bad-pointer")) {
    printf("%d", syscall(SYS_execve, 1, words, none) < 0 ? errno : 0);
    printf(" %d\n", syscall(SYS_execve, path, (void *)8, none) < 0 ? errno : 0);
  }
  return 0;
}
"""


@pytest.fixture(scope="module")
def built(gcc: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of all ways."""
    return compiled(tmp_path_factory.mktemp("ways"), WAYS)


@pytest.fixture
def ways(built: Path, stage: Stage) -> str:
    """The program of all ways, in the workspace."""
    return str(shutil.copy(built, stage.workspace / "ways"))


@pytest.mark.parametrize(
    "way",
    [
        "vfork", "clone", "clone-plain", "spawn", "empty-path", "empty-path-cloexec", "folder", "high-bits",
        "null-words", "thread", "page-end",
    ],
)  # fmt: skip
def test_calls(stage: Stage, ways: str, way: str) -> None:
    """Each call that starts a program is decided, whatever shares its memory and wherever its arguments lie."""
    meets_the_gate(stage, [ways, way, TARGET])


def test_threads_that_take_over_their_process(stage: Stage, ways: str) -> None:
    """A thread that was not the first gets its process's pid when it starts a program, however fast that goes."""
    done, desk = run(stage, [ways, "many-threads", TARGET], ALLOW)
    assert done.out.split() == [RAN] * 150 and not desk.faults, (done, desk.faults)


def test_the_32_bit_door_is_shut(stage: Stage, ways: str) -> None:
    """A start by int 0x80 ends its caller with SIGSYS."""
    done, desk = run(stage, [ways, "int80", TARGET], ALLOW)
    assert RAN not in done.out and done.code == 128 + 31 and not any(map(is_target, desk.requests))


def test_the_x32_door_is_shut(stage: Stage, ways: str) -> None:
    """The x32 numbers of execve and execveat do not exist."""
    done, _ = run(stage, [ways, "x32", TARGET], ALLOW)
    assert done.out == "errno 38\nerrno 38\n"


def test_bad_pointers_are_the_callers_fault(stage: Stage, ways: str) -> None:
    """A path or an argument list in unmapped memory is EFAULT, as without a gate, and nothing is asked."""
    done, desk = run(stage, [ways, "bad-pointer", TARGET], ALLOW)
    assert done.out == "14 14\n" and not any(map(is_target, desk.requests)) and not desk.faults


LOADS = r"""
#include <sys/syscall.h>
static long call(long number, long one, const void *two, long three) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(one), "S"(two), "d"(three) : "rcx", "r11", "memory");
  return result;
}
void _start(void) { call(SYS_write, 1, "Linux\n", 6); call(SYS_exit_group, 0, 0, 0); }
"""


def test_a_program_that_another_one_loads_is_told(stage: Stage, gcc: None, tmp_path: Path) -> None:
    """The kernel runs what a program names as its loader, in that program's place: so it is what is decided on."""
    bare = ("-nostdlib", "-ffreestanding", "-fno-stack-protector")
    loaded, loader = stage.workspace / "my-uname", f"-Wl,--dynamic-linker,{stage.workspace}/my-uname"
    shutil.copy(compiled(tmp_path, LOADS, *bare, "-static-pie"), loaded)
    shutil.copy(
        compiled(tmp_path, LOADS.replace("Linux", "Minix"), *bare, "-pie", loader), stage.workspace / "innocent"
    )
    done, desk = run(stage, ["/bin/sh", "-c", "./innocent"], ALLOW)
    assert done.out.split() == [RAN] and action_of(desk.requests[-1]).known_as == ("my-uname",)


def test_a_loader_that_is_one_adds_nothing(stage: Stage, ways: str) -> None:
    """A program that was built here has no other name than its own; one whose loader is `uname` is `uname`."""
    changed = Path(ways).read_bytes().replace(b"/lib64/ld-linux-x86-64.so.2", b"/usr/bin/uname".ljust(27, b"\0"))
    (stage.workspace / "changed").write_bytes(changed)
    (stage.workspace / "changed").chmod(0o755)
    done, desk = run(stage, ["/bin/sh", "-c", "./ways; ./changed"], about_target(DENY))
    assert WHY in done.err
    assert [action_of(request).known_as for request in desk.requests[-2:]] == [(), ("uname",)]
