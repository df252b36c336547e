"""From the command line to the recorded decision: what a session lets run, what it does not, and what is on record."""

from __future__ import annotations

import http.server
import json
import threading

import pytest

from tests.e2e.headless import Desk
from tests.parts import need

pytestmark = pytest.mark.long


def test_streams_and_the_exit_code_go_through(desk: Desk) -> None:
    """Input, output, errors and the exit code are the agent's own."""
    done = desk.run("sh", "-c", "cat; echo problem >&2; exit 7", stdin="from outside\n")
    assert (done.stdout, done.stderr, done.returncode) == ("from outside\n", "problem\n", 7)


def test_a_signal_is_told_as_a_shell_tells_it(desk: Desk) -> None:
    """An agent that a signal ends gives 128 and the signal's number."""
    assert desk.run("sh", "-c", "kill -TERM $$").returncode == 143


def test_an_agent_in_a_linked_folder_starts(desk: Desk) -> None:
    """Package managers keep a link to the current version somewhere above a program."""
    programs = desk.home / ".versions/2/lib/agents"
    programs.mkdir(parents=True)
    (programs / "agent").write_text("#!/bin/sh\necho started\n")
    (programs / "agent").chmod(0o755)
    (desk.home / ".versions/current").symlink_to("2")
    done = desk.run(str(desk.home / ".versions/current/lib/agents/agent"))
    assert (done.stdout, done.returncode) == ("started\n", 0), done.stderr


def test_an_agent_that_cannot_start_says_why(desk: Desk) -> None:
    """Nothing of its own could: its interpreter does not exist."""
    (desk.tools / "agent").write_text("#!/no/such/interpreter\n")
    (desk.tools / "agent").chmod(0o755)
    done = desk.run("agent")
    assert done.returncode == 127
    assert "could not be started in the cell: No such file or directory" in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "terraform destroy",
        "terraform -chdir=infra destroy -auto-approve",
        '"$(command -v terraform)" destroy',
        "env terraform destroy",
        'env -i PATH="$PATH" terraform destroy',
        "nice -n 5 terraform destroy",
        "timeout 5 terraform destroy",
        "nohup terraform destroy",
        "setsid -w terraform destroy",
        "bash -c 'terraform destroy'",
        "sh -c 'x=destroy; terraform $x'",
        "printf destroy | xargs terraform",
        "find . -maxdepth 0 -exec terraform destroy \\;",
        "printf 'all:\\n\\t@terraform destroy\\n' > Makefile; make",
        "printf 'terraform destroy' > inner.sh; sh inner.sh",
        'ln -s "$(command -v terraform)" other; ./other destroy',
        'cp "$(command -v terraform)" other; ./other destroy',
        "/usr/bin/python3 -c \"import subprocess; subprocess.run(['terraform', 'destroy'])\"",
        "TF_CLI_ARGS_apply=-destroy terraform apply",
        "terraform apply -destroy",
        "cd /; exec terraform destroy",
    ],
)
def test_a_denied_command_is_denied_however_it_is_started(desk: Desk, line: str) -> None:
    """Wrappers, shells, links, copies, scripts and other programs lead to the same rule; nothing of it runs."""
    if line.endswith("make"):
        need("make")
    done = desk.shell(f"{line}\necho after")
    assert "ran terraform" not in done.stdout, done.stdout
    assert "agent-supervise: denied:" in done.stderr, done.stderr
    assert "nothing in this task destroys infrastructure" in done.stderr
    assert "trial.yaml:5" in done.stderr


def test_what_the_rule_does_not_speak_of_runs(desk: Desk) -> None:
    """The same program does its other work."""
    done = desk.shell('terraform plan\ncp "$(command -v terraform)" other; ./other plan')
    assert done.stdout == "ran terraform plan\nran terraform plan\n", done.stderr


def test_without_a_human_an_ask_is_denied_at_once(desk: Desk) -> None:
    """Nobody is kept waiting, and the program is told why."""
    done = desk.shell("git push; echo rc $?")
    assert "rc 126" in done.stdout and "nobody is there to ask" in done.stderr


def test_secrets_are_out_of_reach(desk: Desk) -> None:
    """Neither files nor variables of the developer reach the agent; shadow and our own state do not either."""
    (desk.home / ".aws").mkdir()
    (desk.home / ".aws/credentials").write_text("PLANTED-SECRET")
    done = desk.shell('cat ~/.aws/credentials /etc/shadow; env; ls "$XDG_STATE_HOME" ~/.local/state; id -u')
    assert "PLANTED-SECRET" not in done.stdout + done.stderr
    assert "root:" not in done.stdout


def test_the_network_has_one_way_and_it_decides(desk: Desk) -> None:
    """A host that the scope names is reached through the proxy, others are refused, and around it there is nothing."""
    need("curl")

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"the page")

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        (desk.work / "task.sh").write_text(
            f"curl -s --noproxy '' http://127.0.0.1:{port}/\n"
            "curl -s -o /dev/null -w ' %{http_code}' --noproxy '' http://127.0.0.1:9/\n"
            f"curl -s --noproxy '*' http://127.0.0.1:{port}/ || echo ' no way'\n"
        )
        done = desk.run("bash", "task.sh", options=("--set", f"port={port}"))
        server.shutdown()
    assert done.stdout == "the page 403 no way\n", done.stderr


def test_everything_is_on_record_and_the_record_holds(desk: Desk) -> None:
    """Decisions and verdicts are in the journal, `verify` finds it good, and changed lines bad."""
    desk.shell("terraform destroy")
    (folder,) = desk.sessions
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    kinds = [line["kind"] for line in lines]
    assert kinds[:2] == ["session.started", "scope.loaded"] and kinds[-1] == "session.ended"
    denied = [line for line in lines if line["kind"] == "decision" and line["effect"] == "deny"]
    assert denied and denied[0]["decision"]["rules"][0]["line"] == 5
    assert desk.command("verify", folder.name, "--replay").returncode == 0
    text = (folder / "journal.jsonl").read_text()
    (folder / "journal.jsonl").write_text(text.replace('"effect":"deny"', '"effect":"allow"', 1))
    assert desk.command("verify", folder.name).returncode == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--scope", "no-such-scope", "sh"), "no-such-scope"),
        (("--scope", "developer", "no-such-agent"), "not installed"),
        (("--scope", "s3-static-site", "sh"), "bucket"),
        (("--scope", "developer", "--set", "nothing", "sh"), "--set"),
        (("--scope", "developer", "--weaken", "everything", "sh"), "--weaken"),
        (("--scope", "developer", "--aws-endpoint", "127.0.0.1:1", "sh"), "--aws-endpoint"),
        (("sh",), "--scope"),
    ],
)
def test_bad_input_says_what_is_wrong_and_starts_nothing(desk: Desk, words: tuple[str, ...], says: str) -> None:
    """Exit code 2, the thing by its name, a way out, and no session."""
    done = desk.run(*words, scope=False)
    assert done.returncode == 2 and says in done.stderr, done.stderr
    assert not desk.sessions


def test_a_session_inside_of_a_session_is_refused(desk: Desk) -> None:
    """The agent cannot open a session of its own."""
    desk.environment["AGENT_SUPERVISE_SESSION"] = "20260101-000000-abcd"
    done = desk.run("sh", "-c", "true")
    assert done.returncode == 2 and "inside" in done.stderr
