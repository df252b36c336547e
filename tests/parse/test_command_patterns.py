"""Command patterns against program starts: names, options, environment, doubt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.model.request import Exec
from supervisor.parse.argv import Certainty, compile_pattern, match_command, programs_of
from supervisor.parse.opaque import unknown

NO, MAYBE, YES = Certainty.NO, Certainty.MAYBE, Certainty.YES

# Deny patterns as scopes write them, each with a plain start that it surely matches.
DENIED = {
    "terraform destroy": ("terraform", "destroy"),
    "terraform state rm": ("terraform", "state", "rm", "aws_instance.web"),
    "aws rds delete-*": ("aws", "rds", "delete-db-instance"),
    "git push --force": ("git", "push", "--force"),
    "git push": ("git", "push", "origin"),
    "kubectl delete pod": ("kubectl", "delete", "pod", "web"),
    "docker rm": ("docker", "rm", "web"),
    "npm publish": ("npm", "publish"),
    "pip install": ("pip", "install", "requests"),
    "make deploy": ("make", "deploy"),
    "rm -rf": ("rm", "-rf", "x"),
    "helm uninstall": ("helm", "uninstall", "web"),
    "somebodys-tool drop": ("somebodys-tool", "drop"),
}
ATTACHED = st.sampled_from(["--x=y", "--no-such-thing=1", "--region=eu", "-chdir=x"])
ALONE = st.sampled_from(["--no-such-flag", "-Z", "-qz", "--verbose", "--debug", "-7"])
MARKED = st.sampled_from(
    [unknown("$X"), unknown("$X", many=True), "--a=" + unknown("$X"), "-" + unknown("$X", many=True)]
)
OPTION = st.one_of(ATTACHED, ALONE, MARKED)


def start(*argv: str, program: str = "", **more: object) -> Exec:
    return Exec(program or argv[0], argv, "/work", **more)  # type: ignore[arg-type]


def match(pattern: str, *argv: str, program: str = "", **more: object) -> Certainty:
    return match_command(compile_pattern(pattern), start(*argv, program=program, **more))


@given(st.sampled_from(sorted(DENIED)), st.data())
def test_options_anywhere_never_hide_a_denied_command(pattern: str, data: st.DataObject) -> None:
    """Inserting options anywhere never turns the YES of a deny pattern into NO."""
    argv = list(DENIED[pattern])
    assert match(pattern, *argv) is YES
    for _ in range(data.draw(st.integers(1, 4))):
        option = data.draw(OPTION)
        argv.insert(data.draw(st.integers(1, len(argv))), option)
    assert match(pattern, *argv) is not NO


@given(st.sampled_from(sorted(DENIED)), st.sampled_from(["/usr/bin/", "/opt/x/", "./", ""]))
def test_any_path_is_the_same_program(pattern: str, folder: str) -> None:
    """A pattern without a path matches the program wherever it lies."""
    name, *rest = DENIED[pattern]
    assert match(pattern, folder + name, *rest) is YES


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=6), st.lists(st.text(max_size=12), max_size=3))
def test_matching_never_raises(pattern: str, argv: list[str], known_as: list[str]) -> None:
    """Whatever stands in a pattern that compiles and in a start, there is an answer."""
    try:
        compiled = compile_pattern(pattern)
    except ValueError:
        compiled = compile_pattern("terraform destroy -auto-approve")
    found = match_command(compiled, Exec(argv[0] if argv else "", tuple(argv), "", known_as=tuple(known_as)))
    assert found in Certainty


@given(
    st.sampled_from(sorted(DENIED)),
    st.lists(st.sampled_from(["a", "-b", "--c=d", "destroy", "push", "--"]), max_size=6),
)
def test_programs_of_foretells_every_match(pattern: str, args: list[str]) -> None:
    """A start matches only patterns whose program is among `programs_of`."""
    compiled = compile_pattern(pattern)
    one = start(DENIED[pattern][0], *args)
    if match_command(compiled, one) is not NO:
        assert compiled.program in programs_of(one)


def test_content_counts_more_than_the_name() -> None:
    """A renamed copy is what its content says; its new name is only a maybe."""
    assert match("terraform destroy", "ls", "destroy", known_as=("terraform",)) is YES
    assert match("ls", "ls", "destroy", known_as=("terraform",)) is MAYBE
    assert match("terraform destroy", "/tmp/python3", "destroy", known_as=("tofu",)) is YES


def test_argv0_alone_is_never_proof() -> None:
    """What the caller chose to call a program is a maybe at most, so it never fulfils an allow rule."""
    assert match("ls", "ls", "destroy", program="/usr/bin/terraform") is MAYBE
    assert match("terraform destroy", "ls", "destroy", program="/usr/bin/terraform") is YES
    assert match("git status", "git-push", "status", program="/usr/bin/git") is NO
    assert match("git push", "git-push", "status", program="/usr/bin/git") is YES


def test_links_that_distributions_make_are_names() -> None:
    """`sh` that is dash, `awk` that is mawk and applets of busybox match by the name that they are called by."""
    assert match("sh", "sh", program="/usr/bin/dash") is YES
    assert match("awk", "awk", program="/usr/bin/mawk") is YES
    assert match("wget", "wget", program="/bin/busybox") is YES
    assert match("which", "which", program="/usr/bin/which.debianutils") is YES
    assert match("systemctl reboot", "reboot", program="/usr/bin/systemctl") is YES
    assert match("cargo publish", "cargo", "publish", program="/root/.cargo/bin/rustup") is YES


@pytest.mark.parametrize(
    "argv",
    [("npm", "ci"), ("/usr/bin/node", "/usr/lib/node_modules/npm/bin/npm-cli.js", "ci"), ("/usr/bin/npm", "ci")],
)
def test_scripts_are_programs_of_their_own_name(argv: tuple[str, ...]) -> None:
    """A script started by its `#!` line matches by its own name, recorded before or after the kernel rewrote it."""
    script = "/usr/lib/node_modules/npm/bin/npm-cli.js"
    assert match("npm ci", *argv, program="/usr/bin/node", script=script) is YES
    assert match("node", *argv, program="/usr/bin/node", script=script) is YES
    assert match("npm publish", *argv, program="/usr/bin/node", script=script) is NO


def test_the_words_of_a_hashbang_are_its_programs_arguments() -> None:
    """`#!/usr/bin/terraform destroy` is a `terraform destroy`, whatever the file is called that begins with it."""
    for pattern, result in (("terraform destroy", YES), ("terraform plan", NO)):
        program, script = "/usr/bin/terraform", "/work/x"
        assert match(pattern, "./x", program=program, script=script, hashbang=("destroy",)) is result


@pytest.mark.parametrize(
    "words",
    [
        "qemu-x86_64 /usr/bin/terraform destroy",
        "qemu-x86_64-static -L / -cpu max -0 ls /usr/bin/terraform -chdir=x destroy",
        "box64 ./terraform destroy",
        "valgrind --tool=none -q terraform destroy",
        "/usr/libexec/valgrind/memcheck-amd64-linux --tool=memcheck terraform destroy",
    ],
)
def test_what_an_emulator_runs_is_a_start(words: str) -> None:
    """A program that another one interprets shows up at no later gate, so it is read from the words."""
    assert match("terraform destroy", *words.split()) is not NO
    assert match("terraform plan", *words.split()) is NO


@pytest.mark.parametrize("values", [("-destroy", "-no-color"), ("-no-color", "-destroy")])
def test_a_variable_with_two_values_is_not_understood(values: tuple[str, str]) -> None:
    """Which of them counts depends on the program, so that neither hides the other."""
    env = tuple(("TF_CLI_ARGS_apply", value) for value in values)
    assert match("terraform destroy", "terraform", "apply", program="/usr/bin/terraform", env=env) is not NO


def test_a_spoofed_argv0_does_not_hide_a_scripts_arguments() -> None:
    """Where the arguments of a script can be read in two ways, both count."""
    script = "/usr/local/bin/aws"
    spoofed = ("bash", script, "s3", "rm")
    assert match("aws s3 rm", *spoofed, program="/usr/bin/python3", script=script) is not NO


@pytest.mark.parametrize(
    "env",
    [
        (("TF_CLI_ARGS", "-destroy"),),
        (("TF_CLI_ARGS_apply", "-auto-approve -destroy"),),
        (("TF_CLI_ARGS", "-no-color"), ("TF_CLI_ARGS_apply", "'-destroy'")),
    ],
)
def test_terraform_reads_its_environment(env: tuple[tuple[str, str], ...]) -> None:
    """`TF_CLI_ARGS…` count as options: an apply that destroys is a destroy, and stays an apply."""
    assert match("terraform destroy", "tofu", "apply", env=env) is YES
    assert match("terraform apply", "tofu", "apply", env=env) is YES
    assert match("terraform destroy", "tofu", "plan", env=env) is NO


def test_a_value_is_not_a_word() -> None:
    """The value of an option that is known to take one is never taken for a sub-command, nor the other way round."""
    assert match("aws s3 ls", "aws", "--profile", "prod", "s3", "ls") is YES
    assert match("aws s3 ls", "aws", "--profile", "s3", "ls") is NO
    assert match("aws s3 ls", "aws", "--unheard-of", "s3", "ls") is MAYBE


def test_words_behind_two_dashes_are_words() -> None:
    """`--` ends the options: what follows is a word, and no option of the pattern."""
    assert match("terraform destroy", "terraform", "--", "destroy") is YES
    assert match("git push --force", "git", "push", "--", "--force") is NO


def test_a_pattern_is_itself() -> None:
    """A start that begins with the pattern's own words matches surely, known program or not."""
    assert match("tool --bar baz", "tool", "--bar", "baz", "more") is YES
    assert match("java -jar app.jar", "java", "-jar", "app.jar") is YES


def test_paths_in_patterns() -> None:
    """A pattern with a path means that file; the same name elsewhere is a maybe, since links exist."""
    assert match("/usr/bin/terraform plan", "terraform", "plan", program="/usr/bin/terraform") is YES
    assert match("/usr/bin/terraform plan", "terraform", "plan", program="/tmp/terraform") is MAYBE
    assert match("./deploy.sh", "./deploy.sh", program="/bin/bash", script="/work/deploy.sh") is YES
    assert match("./deploy.sh", "build.sh", program="/bin/bash", script="/tmp/build.sh") is NO
    assert match("./deploy.sh", "deploy.sh", program="/bin/bash", script="/tmp/build.sh") is MAYBE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "-x",
        "a | b",
        "a; b",
        "a && b",
        "echo $(ls)",
        "ls > x",
        "a\nb",
        "a\0b",
        "'x",
        "A=1 terraform",
        "bin/",
        "x" * 5000,
    ],
)
def test_nonsense_patterns_are_refused(text: str) -> None:
    """A pattern that is empty, shell text or begins with an option raises `ValueError` with the reason."""
    with pytest.raises(ValueError, match=r".{8,}"):
        compile_pattern(text)


@pytest.mark.parametrize("size", [100_000])
def test_huge_arguments_are_read(size: int) -> None:
    """Arguments of 100 kB, and a hundred thousand of them, get an answer."""
    assert match("terraform destroy", "terraform", "-chdir=" + "x" * size, "destroy") is YES
    assert match("terraform destroy", "terraform", *(["-x"] * size), "destroy") is MAYBE
    assert match("a " + "*x" * 500, "a", "x" * size) is YES
    assert match("terraform destroy", "terraform\udcff", "\udc80destroy") is NO
