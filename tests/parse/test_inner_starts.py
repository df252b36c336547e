"""What a start visibly leads to: wrappers, shell text, and what is honestly not understood."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.model.request import Exec
from supervisor.parse.argv import Certainty, compile_pattern, match_command
from supervisor.parse.command import inner, shell_programs
from supervisor.parse.opaque import Opaque

DESTROY = compile_pattern("terraform destroy")
COMMAND = ("/usr/bin/terraform", "-chdir=x", "destroy")
WRAPPED = [
    ("sudo", "-u", "root"),
    ("sudo", "-n", "--"),
    ("doas",),
    ("env", "A=1", "-u", "B"),
    ("env", "-i"),
    ("/usr/bin/nice", "-n", "5"),
    ("ionice", "-c3"),
    ("timeout", "-k", "1", "5"),
    ("nohup",),
    ("setsid", "-f"),
    ("stdbuf", "-oL"),
    ("time", "-p"),
    ("chrt", "-r", "5"),
    ("taskset", "-c", "0"),
    ("strace", "-f", "-o", "log"),
    ("unshare", "-r"),
    ("flock", "-n", "lock"),
    ("xargs", "-0", "-n", "1"),
    ("watch", "-x"),
    ("busybox", "nice"),
    ("/lib64/ld-linux-x86-64.so.2", "--preload", "x.so"),
    ("direnv", "exec", "."),
    ("uv", "run"),
    ("npx", "-y"),
    ("bash", "-c", 'exec "$@"', "_"),
    ("sh", "-ec", '"$0" "$@"'),
    ("find", ".", "-exec"),
    ("parallel", "-j1"),
    ("hardly-known",),
]
SEEN_THROUGH = [wrapper for wrapper in WRAPPED if wrapper != ("hardly-known",)]


def start(*argv: str, **more: object) -> Exec:
    return Exec(argv[0], argv, "/work", **more)  # type: ignore[arg-type]


def starts(found: tuple[Exec | Opaque, ...]) -> list[tuple[str, ...]]:
    return [one.argv for one in found if isinstance(one, Exec)]


def whys(found: tuple[Exec | Opaque, ...]) -> list[str]:
    return [one.why for one in found if isinstance(one, Opaque)]


# parallel makes one shell text of its words, so that quoting behind it is lost: it stands alone or last.
STACKED = [wrapper for wrapper in SEEN_THROUGH if wrapper[0] != "parallel"]


@given(st.lists(st.sampled_from(STACKED), min_size=1, max_size=5))
def test_wrappers_never_hide_the_start(wrappers: list[tuple[str, ...]]) -> None:
    """However many wrappers stand in front, the inner start is seen, or it is said that it is not understood."""
    argv = tuple(word for wrapper in wrappers for word in wrapper) + COMMAND
    found = inner(start(*argv))
    seen = max((match_command(DESTROY, one) for one in found if isinstance(one, Exec)), default=Certainty.NO)
    assert seen is not Certainty.NO or whys(found)


@pytest.mark.parametrize("wrapper", SEEN_THROUGH, ids=lambda wrapper: wrapper[0])
def test_each_wrapper_is_seen_through(wrapper: tuple[str, ...]) -> None:
    """Behind one wrapper the start is surely seen."""
    found = inner(start(*wrapper, *COMMAND))
    assert max(match_command(DESTROY, one) for one in found if isinstance(one, Exec)) is Certainty.YES


def test_an_unknown_program_shows_nothing() -> None:
    """The words behind a program that we do not know are its own business."""
    assert inner(start("hardly-known", *COMMAND)) == ()
    assert inner(start("make", "destroy")) == ()
    assert inner(start("npm", "run", "destroy")) == ()
    assert inner(start("python3", "-c", "import os; os.system('terraform destroy')")) == ()


def test_env_of_a_wrapper_reaches_the_start() -> None:
    """Variables set in front of a program, by the shell or by env, are among its variables; `-i` and `-u` remove."""
    (found,) = inner(start("env", "-u", "B", "A=1", "terraform", env=(("B", "2"), ("C", "3"))))
    assert isinstance(found, Exec)
    assert dict(found.env) == {"A": "1", "C": "3"}
    (found,) = inner(start("env", "-i", "A=1", "terraform", env=(("B", "2"),)))
    assert isinstance(found, Exec)
    assert dict(found.env) == {"A": "1"}
    found = shell_programs("A=1 B='x y' terraform plan", "/work")[0]
    assert isinstance(found, Exec)
    assert dict(found.env) == {"A": "1", "B": "x y"}


def test_the_folder_is_followed() -> None:
    """`cd` moves what comes after it; where it leads to is not known, neither is the folder."""
    assert [one.cwd for one in shell_programs("cd infra && ls", "/work") if isinstance(one, Exec)] == ["/work/infra"]
    assert [one.cwd for one in shell_programs('cd "$X"; ls', "/work") if isinstance(one, Exec)] == [""]
    assert [one.cwd for one in inner(start("env", "-C", "sub", "ls")) if isinstance(one, Exec)] == ["/work/sub"]


def test_words_keep_what_is_known() -> None:
    """Quoting, escapes and known variables give exact words."""
    text = r"""X='a b'; tool "$X" $'\x41\u00e9\n' 'it'"'"'s' a\ b "c\$d" -- ''"""
    assert starts(shell_programs(text)) == [("tool", "a b", "A\u00e9\n", "it's", "a b", "c$d", "--", "")]
    assert starts(inner(start("bash", "-c", 'tool "$2" $# "$@"', "name", "one", "two words")))[0][:2] == (
        "tool",
        "two words",
    )


def test_text_beyond_ascii_is_read() -> None:
    """Foreign letters are ordinary parts of words, and never crash the grammar."""
    assert starts(shell_programs("tool ü '日本' \"$X ä\" \udcff")) == [("tool", "ü", "日本", "\0=$X\0 ä", "\udcff")]
    assert starts(shell_programs("é=1 ls; terräform destroy")) == [("é=1", "ls"), ("terräform", "destroy")]
    for code in range(0x80, 0x110000, 0x3F1):
        if not 0xD800 <= code < 0xE000:
            shell_programs("{" + chr(code) + "; ls")


def test_builtins_start_nothing() -> None:
    """What the shell does by itself is no program start."""
    assert shell_programs("cd x; echo hi; export A=1; [ -f x ] && read y; : ; true", "/work") == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("$X", "known only to the running shell"),
        ("source x", "commands of a file"),
        ("curl x | sh", "reads its commands from its input"),
        ("ssh host ls", "another machine"),
        ("docker exec box ls", "container"),
        ("sudo --unheard-of ls", "an option of sudo that we do not know"),
        ("if", "not understood as shell text"),
        ("env -S '$X'", "env -S"),
        ("fish -c ls", "fish"),
        ('bash -c "ls $X"', "known only when it runs"),
        ("ls " + "x" * 100_000, "characters of shell text"),
        ("ls; " * 2_000, "more program starts than we follow"),
    ],
)
def test_what_is_not_understood_is_said(text: str, why: str) -> None:
    """Text that is not understood is an `Opaque` that says why."""
    assert any(why in reason for reason in whys(shell_programs(text)))


def test_endless_wrappers_are_opaque() -> None:
    """A tower of wrappers ends in an `Opaque`, not in a recursion error."""
    assert "more programs than we follow" in whys(inner(start(*["env"] * 10_000, "ls")))[-1]
    text = "ls"
    for _ in range(9):
        text = "bash -c " + "'" + text.replace("'", "'\\''") + "'"
    assert whys(shell_programs(text)) or ("ls",) in starts(shell_programs(text))


HOSTILE = {
    "parentheses": "(" * 10_000 + "ls" + ")" * 10_000,
    "substitutions": "echo " + "$(" * 10_000 + "ls" + ")" * 10_000,
    "quoted substitutions": "echo " + '"$(' * 10_000 + "ls" + ')"' * 10_000,
    "groups": "{ " * 8_000 + "ls;" + " }" * 8_000,
    "expansions": "echo " + "${a:-" * 8_000 + "}" * 8_000,
    "quotes": "'\"" * 10_000,
    "backticks": "`\\`" * 10_000,
    "braces": "echo " + "{a," * 10_000 + "}" * 10_000,
    "open braces": "echo " + "{" * 60_000,
    "documents": "cat <<A " * 8_000,
    "variables": "X=" + "a" * 20_000 + ";echo " + "$X" * 10_000,
    "pipes": "ls|" * 20_000 + "sh",
    "evals": "eval " * 10_000 + "ls",
    "functions": "f(){ " * 8_000 + "ls;" + "}" * 8_000,
    "nuls": "ls\0" * 10_000,
    "foreign bytes": "ls \udcff\udc80" * 5_000,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_text_is_read_in_bounded_time(name: str) -> None:
    """Text built to be slow is answered within seconds, whatever the answer."""
    began = time.monotonic()
    shell_programs(HOSTILE[name])
    inner(start("bash", "-c", HOSTILE[name]))
    assert time.monotonic() - began < 5


@given(st.text(max_size=60))
def test_shell_programs_never_raises(text: str) -> None:
    """Any text has an answer."""
    for one in shell_programs(text):
        assert isinstance(one, Exec | Opaque)


PIECES = st.lists(
    st.sampled_from(
        """terraform destroy ; | && $( ) ` ' " \\ $X ${ } { <<E E if then fi for in do done case esac ( (( [[ ]] = > <(
        $' eval bash -c xargs find . -exec sudo A=1 * # ! function é""".split()
    )
    | st.sampled_from(" \n\udcff\0"),
    max_size=25,
)


@given(PIECES)
@settings(max_examples=300)
def test_shell_like_text_never_raises(pieces: list[str]) -> None:
    """Nor does text that is nearly shell text."""
    for glue in ("", " "):
        for one in shell_programs(glue.join(pieces), "/work"):
            assert isinstance(one, Exec | Opaque)


WRAPPER = st.sampled_from("sudo env xargs find ssh git bash parallel flock su script npx runuser watch uv mise".split())
ARGS = st.lists(st.text(max_size=6) | st.sampled_from("-c -S -- -exec ; {} -I -x A=1 ::: run".split()), max_size=8)


@given(WRAPPER, ARGS)
def test_inner_never_raises(name: str, args: list[str]) -> None:
    """Any arguments of any wrapper have an answer."""
    for one in inner(start(name, *args)):
        assert isinstance(one, Exec | Opaque)


def test_a_start_without_arguments_has_an_answer() -> None:
    """A program may be started with no argument at all, not even its name."""
    assert inner(Exec("/usr/bin/env", (), "/")) == ()
