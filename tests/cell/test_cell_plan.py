"""Plans as values, on hosts that are values too."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.agents.cellside import Needs
from supervisor.cell import carried, places
from supervisor.cell.environment import PLAIN, PREFIXES, cell_environment, proxy_variables
from supervisor.cell.plan import CellPlan
from supervisor.errors import UsageError
from supervisor.policy.scope import Files
from tests.cell.cell_stage import Facts, planned

HOST: dict[str, str | None] = {
    "/usr/bin/env": "",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "/etc/shadow": "root:*",
    "/home/dev/work/README": "",
}


def host(**files: str | None) -> Facts:
    """The host of these tests and more files, whose names have `__` for `/` and `_d_` for `.`."""
    more = {"/" + name.replace("__", "/").replace("_d_", "."): text for name, text in files.items()}
    return Facts(HOST | more)


def hidden(plan: CellPlan) -> set[str]:
    return {mount.target for mount in plan.mounts if mount.kind == "hide"}


def test_folders_come_before_what_lies_in_them() -> None:
    """No entry of a plan is covered by a later one that lies above it, but for the seals."""
    plan = planned(host(home__dev__work___d_git__HEAD="x"), files=Files(write=(".", "/data"), hide=("sub/secret",)))
    targets = [mount.target for mount in plan.mounts if mount.kind != "seal"]
    for number, target in enumerate(targets):
        assert not any(target.startswith(f"{later}/") for later in targets[number + 1 :])


def test_the_home_is_empty_but_for_what_is_named() -> None:
    """Only toolchains, the workspace and filtered configuration of a home are shown."""
    facts = host(
        home__dev___d_pyenv__x="", home__dev___d_aws__credentials="s", home__dev__letters__private="s",
        home__dev___d_gitconfig="[user]\n\tname = D\n[credential]\n\thelper = store\n",
    )  # fmt: skip
    plan = planned(facts)
    below = {mount.target for mount in plan.mounts if mount.target.startswith("/home/dev/")}
    assert below == {"/home/dev/work", "/home/dev/.pyenv", "/home/dev/.gitconfig"}
    config = plan.mount_at("/home/dev/.gitconfig")
    assert config is not None and config.data == b"[user]\n\tname = D\n"


def test_hidden_places_stay_hidden_under_every_name() -> None:
    """A hidden folder that a link in the workspace leads to is hidden where it really lies."""
    facts = Facts(HOST | {"/home/dev/work/dotfiles/aws/credentials": "s"}, {"/home/dev/.aws": "work/dotfiles/aws"})
    assert "/home/dev/work/dotfiles/aws" in hidden(planned(facts))


def test_places_that_the_environment_names_are_hidden() -> None:
    """A credentials file that a variable points to, in the workspace, is hidden, and the variable is not passed."""
    facts = host(home__dev__work__keys__aws="s")
    plan = planned(facts, environment={"AWS_SHARED_CREDENTIALS_FILE": "/home/dev/work/keys/aws"})
    assert "/home/dev/work/keys/aws" in hidden(plan)
    assert "AWS_SHARED_CREDENTIALS_FILE" not in dict(plan.environment)


def test_the_systems_secrets_and_our_folders_are_hidden() -> None:
    """/etc/shadow, and our own state wherever XDG puts it, even inside the workspace."""
    facts = host(home__dev__work__state__x="")
    plan = planned(facts, environment={"XDG_STATE_HOME": "/home/dev/work/state"}, hide=(Path("/home/dev/work/run"),))
    assert {"/etc/shadow", "/home/dev/work/state/agent-supervise", "/home/dev/work/run"} <= hidden(plan)


@pytest.mark.parametrize(
    "files",
    [Files(read=("~/.ours",)), Files(write=(".", "~/.ours/x")), Files(read=("~",)), Files(write=(".", "/etc"))],
    ids=["read", "write", "home", "system"],
)
def test_a_scope_cannot_show_what_is_hidden(files: Files) -> None:
    """What the session hides, the whole home, and a writable system folder are refused."""
    facts = host(home__dev___d_ours__x="", etc__x="")
    with pytest.raises(UsageError):
        planned(facts, files=files, hide=(Path("/home/dev/.ours"),))


def test_frozen_paths_cannot_be_moved_with_their_folder() -> None:
    """Every folder between a writable one and a frozen entry in it is a mount of its own."""
    plan = planned(host(), files=Files(read_only=("a/b/c.json",)))
    for path, writable in (("a", True), ("a/b", True), ("a/b/c.json", False)):
        mount = plan.mount_at(f"/home/dev/work/{path}")
        assert mount is not None and mount.kind == "bind" and mount.writable is writable
    assert [(item.path, item.text) for item in plan.placeholders] == [("/home/dev/work/a/b/c.json", "{}\n")]


def test_without_write_nothing_needs_freezing() -> None:
    """A workspace that is only read gets no placeholders."""
    plan = planned(host(home__dev__work___d_git__HEAD="x"), files=Files(write=(), read_only=("x",)))
    assert plan.placeholders == ()
    mount = plan.mount_at("/home/dev/work")
    assert mount is not None and not mount.writable


def test_a_worktree_brings_its_repository_only_if_that_names_it_back() -> None:
    """A `.git` file shows the folder that it names only where that folder has been told so by git itself."""
    files: dict[str, str | None] = {
        "/home/dev/work/.git": "gitdir: /srv/repo/.git/worktrees/w\n",
        "/srv/repo/.git/HEAD": "x",
        "/srv/repo/.git/objects/x": "",
        "/srv/repo/.git/config": "",
    }
    back: dict[str, str | None] = {"/srv/repo/.git/worktrees/w/gitdir": "/home/dev/work/.git\n"}
    assert planned(Facts(HOST | files)).mount_at("/srv/repo/.git") is None
    plan = planned(Facts(HOST | files | back))
    common, config = plan.mount_at("/srv/repo/.git"), plan.mount_at("/srv/repo/.git/config")
    assert common is not None and common.writable
    assert config is not None and not config.writable


def test_repositories_below_the_workspace_count_too() -> None:
    """A vendored repository's configuration is frozen like the workspace's own, also behind a link called `.git`."""
    facts = host(home__dev__work__lib___d_git__config="x", home__dev__work__real__config="x")
    facts.links["/home/dev/work/.git"] = "real"
    plan = planned(facts)
    for path in ("lib/.git/config", "real/config", "real/hooks"):
        mount = plan.mount_at(f"/home/dev/work/{path}")
        assert mount is not None and not mount.writable
    link = plan.mount_at("/home/dev/work/.git")
    assert link is not None and link.kind == "hold"


def test_doors_in_writable_folders_are_covered() -> None:
    """Sockets and FIFOs in the workspace and in an agent's folder are hidden."""
    needs = Needs((Path("/home/dev/.agent"),), (), (), (), ())
    facts = host(home__dev___d_agent__x="")
    facts.doors = ("/home/dev/work/s.sock", "/home/dev/.agent/daemon.sock")
    assert set(facts.doors) <= hidden(planned(facts, needs=needs))


def test_root_becomes_somebody_else() -> None:
    """Started by root, the agent has an ordinary id and name, and files that it may use are lent to it."""
    facts = host()
    facts.who = (0, 0, "root")
    plan = planned(facts)
    workspace, usr, users = (plan.mount_at(path) for path in ("/home/dev/work", "/usr", "/etc/passwd"))
    assert plan.inside == (1000, 1000) and dict(plan.environment)["USER"] == "agent"
    assert workspace is not None and workspace.owner == (0, 0)
    assert usr is not None and usr.owner is None
    assert users is not None and users.data.startswith(b"agent:x:1000:1000:")


names = st.text(st.characters(codec="ascii", categories=["Lu", "Ll", "Nd"], include_characters="_"), min_size=1)


@given(st.dictionaries(names, st.text(max_size=20)))
def test_only_listed_variables_are_passed(environment: dict[str, str]) -> None:
    """No variable gets into a cell that is not on the list, needed by the agent, or set by us."""
    passed = dict(
        cell_environment(environment, (("KEY", "v"),), {}, home="/h", workspace="/w", user="u", proxy_port=3128)
    )
    ours = {
        "KEY",
        "HOME",
        "PWD",
        "USER",
        "LOGNAME",
        "TMPDIR",
        "PATH",
        "TERM",
        "LANG",
        "SHELL",
        "LSAN_OPTIONS",
        *proxy_variables(1),
    }
    assert all(name in PLAIN or name.startswith(PREFIXES) or name in ours for name in passed)


@pytest.mark.parametrize("value", ["https://user:tok@pkg.example/simple", "http://tok@h", "a,https://x:y@z/"])
def test_a_listed_variable_with_a_login_is_left_out(value: str) -> None:
    """A registry's URL that carries a token is not passed, whatever the variable is called."""
    passed = cell_environment({"PIP_INDEX_URL": value}, (), {}, home="/h", workspace="/w", user="u", proxy_port=None)
    assert "PIP_INDEX_URL" not in dict(passed)


def test_no_secret_name_is_on_the_list() -> None:
    """The list holds no variable that is called a key, token, secret or password."""
    assert not [name for name in PLAIN if any(word in name for word in ("KEY", "TOKEN", "SECRET", "PASSW", "AUTH_"))]


def test_npm_and_pip_keep_registries_and_lose_tokens() -> None:
    """Filtered configuration says where packages come from, and nothing that logs in."""
    npm = (
        "registry=https://r.example/\n//r.example/:_authToken=npm_x\n@a:registry=https://u:p@x/\nscript-shell=/tmp/x\n"
    )
    assert carried.npm_config(npm) == "registry=https://r.example/\n"
    pip = "[global]\nindex-url = https://u:p@r/\nextra-index-url = https://r.example/\nproxy = http://x\n"
    assert carried.pip_config(pip) == "[global]\nextra-index-url = https://r.example/\n"


def test_git_configuration_loses_whatever_runs() -> None:
    """Aliases, helpers, filters, hooks, rewritten URLs and continued lines are left out."""
    text = (
        "[user]\n\tname = A B\n\tsigningkey = X\n[alias]\n\tx = !sh\n[core]\n\tfsmonitor = /x\n\tautocrlf = input\n"
        '[url "https://tok@h/"]\n\tinsteadOf = https://h/\n[filter "l"]\n\tclean = x\n[user]\n\temail = a\\\n\tb\n'
    )
    assert carried.git_config(text) == "[user]\n\tname = A B\n[core]\n\tautocrlf = input\n[user]\n"


def test_the_lists_are_without_doubles_and_absolute() -> None:
    """Every place is absolute or in the home, and stands once."""
    for listed in (places.HIDDEN, places.TOOLCHAINS, places.SYSTEM):
        assert len(set(listed)) == len(listed)
        assert all(path.startswith(("/", "~/")) and not path.endswith("/") for path in listed)
