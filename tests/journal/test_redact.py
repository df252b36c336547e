"""Secrets are taken out, and what only looks unusual stays."""

from __future__ import annotations

import json
import string
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.journal.redact import _GATES, Redactor, environment_secrets
from supervisor.journal.shapes import SHAPES
from supervisor.model.codec import Json, from_json, to_json
from supervisor.model.event import DecisionRecord, Record
from tests.scenarios import stories
from tests.scenarios.journal import Lines

TOKENS = string.ascii_letters + string.digits
KEY_TEXT = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\nBG5vbmUAAA==\n-----END OPENSSH PRIVATE KEY-----"
)

SECRETS = [
    ("AKIA" + "IOSFODNN7EXAMPLE", "aws-key"),
    ("ASIA" + "Y34FZKBOKMUTVV7A", "aws-key"),
    ("ghp_" + "a1B2" * 9, "github-token"),
    ("github_pat_" + "11ABCDEFG0" * 8, "github-token"),
    ("glpat-" + "x9Y8z7W6v5U4t3S2r1Q0", "gitlab-token"),
    ("sk-ant-" + "api03-abcDEF_123-xyz", "anthropic-key"),
    ("sk-" + "proj-aB3dE5gH7jK9mN1pQ3sT", "api-key"),
    ("xoxb-" + "123456789012-abcdefGHIJ", "slack-token"),
    ("AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q", "google-key"),
    ("npm_" + "a1B2c3" * 6, "registry-token"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.dBjftJeZ4CVP-mB92K27uhbUJU1p1r", "jwt"),
    (KEY_TEXT, "private-key"),
]

AROUND = [
    ("PGPASSWORD={} psql -h db", "s3cr3t!pass"),
    ("psql --password {} -h db", "s3cr3t!pass"),
    ("create --master-user-password={} --x", "$ecretThing"),
    ("postgres://app:{}@db.internal/x", "s3cr3t!pass"),
    ("curl -H 'Authorization: Bearer {}' https://x", "abc.def-123"),
    ("Authorization: Basic {}", "ZGV2OnNlY3JldA=="),
    ("curl -u dev:{} https://x", "s3cr3t!pass"),
    ("aws_secret_access_key = {}", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("aws configure set aws_secret_access_key {}", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ('{{"password": "{}"}}', "s3cr3t!pass"),
    ("https://x/y?token={}&z=1", "abcdef0123456789abcd"),
    ("sshpass -p {} ssh dev@host", "s3cr3t!pass"),
    ("x-api-key: {}", "0123456789abcdef0123"),
    ("PRIVATE-TOKEN: {}", "short1"),
    ("mysqldump -u root -p{} db", "s3cr3t!pass"),
]

INNOCENT = [
    "9fceb02d0ae598e95dc970b74767f19372d61af8",
    "sha256:" + "ab" * 32,
    "commit 9fceb02 (HEAD -> main) token: rename the password field",
    "docker pull alpine@sha256:" + "0f" * 32,
    "tokens: 12,345 · max_tokens=4096",
    "token = next_token()",
    "if password == other.password:",
    "task-sk-learn-2 risk-based-approach-Number-1234567890",
    "https://example.com:8443/path@v2?key=value",
    "arn:aws:s3:::prod-data",
    "550e8400-e29b-41d4-a716-446655440000",
    "--token-file /run/token --secret-id prod/db",
    "export GITHUB_TOKEN=$GITHUB_TOKEN",
    "mysql --password <password>",
    "Password: ",
    "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
]


@pytest.mark.parametrize(("secret", "kind"), SECRETS)
def test_a_well_known_form_is_taken_out(secret: str, kind: str) -> None:
    """A token, key or private key is recognised by itself, wherever it stands; what is around it stays."""
    for before, after in (("", ""), ("x=", " y"), ('"', '"'), ("\n", "\n"), ("export A='", "'; true")):
        assert Redactor().text(before + secret + after) == f"{before}⟨redacted:{kind}⟩{after}"


@pytest.mark.parametrize(("text", "secret"), AROUND)
def test_a_place_for_secrets_is_emptied(text: str, secret: str) -> None:
    """What stands where passwords stand goes, and the rest of the line stays readable."""
    before, after = text.replace("{{", "{").replace("}}", "}").split("{}")
    shown = Redactor().text(before + secret + after)
    assert secret not in shown
    assert shown.startswith(before) and shown.endswith(after) and "⟨redacted:" in shown


@pytest.mark.parametrize("text", INNOCENT)
def test_what_is_no_secret_stays(text: str) -> None:
    """Object names, digests, counters, code and addresses are left as they are."""
    assert Redactor().text(text) == text


@given(st.text(alphabet="0123456789abcdef", min_size=1, max_size=128), st.text(max_size=20))
def test_hexadecimal_is_never_eaten(name: str, around: str) -> None:
    """Whatever git or a digest prints in plain hexadecimal stays, by itself."""
    assert Redactor().text(f" {name} ") == f" {name} "


@given(
    st.text(), st.text(min_size=8, max_size=60).filter(lambda text: text.strip() == text and "⟨" not in text), st.text()
)
def test_a_known_value_is_never_left(before: str, secret: str, after: str) -> None:
    """Whatever surrounds a known value, it is not in the result."""
    assert secret not in Redactor([secret]).text(before + secret + after)


@given(st.text(), st.sampled_from([secret for secret, _ in SECRETS]), st.text())
def test_redacting_twice_changes_nothing(before: str, secret: str, after: str) -> None:
    """What was taken out leaves nothing that would be taken out again."""
    once = Redactor().text(f"{before} {secret} {after}")
    assert Redactor().text(once) == once


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdef", min_size=1), inner, max_size=4),
    max_leaves=20,
)


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return type(value)


@given(st.dictionaries(st.text("abcdef", min_size=1), JSON, max_size=5), st.sampled_from(SECRETS))
def test_a_record_keeps_its_structure(fields: Json, secret: tuple[str, str]) -> None:
    """Only texts change, never keys, numbers or how many there are; the record given is not touched."""
    before = json.dumps(fields)
    with_secret = {**fields, "zz": {"deep": ["x", secret[0]]}}
    clean = Redactor()(with_secret)
    assert json.dumps(fields) == before and with_secret["zz"]["deep"][1] == secret[0]
    assert _shape(clean) == _shape(with_secret)
    assert secret[0] not in json.dumps(clean)


def test_argument_lists_and_pairs_are_understood() -> None:
    """A password that is a word of its own goes, by the word before it; and a variable's value, by its name."""
    clean = Redactor()(
        {
            "argv": ["mysql", "--password", "hunter2", "-h", "db"],
            "curl": ["/usr/bin/curl", "-u", "dev:hunter2", "https://x"],
            "env": [["PGPASSWORD", "hunter2"], ["HOME", "/root"], ["api_token", "x"]],
            "plain": ["git", "-u", "origin:main"],
            "mysql": ["/usr/bin/mysql", "-phunter2", "-P3306"],
            "login": ["docker", "login", "-p", "hunter2", "registry.example.com"],
            "run": ["docker", "run", "-p", "8080:80", "nginx"],
            "key": ["TLS_PRIVATE_KEY", "hunter2"],
        }
    )
    assert "hunter2" not in json.dumps(clean)
    assert clean["argv"][3:] == ["-h", "db"] and clean["curl"][2].startswith("dev:")
    assert clean["env"][1] == ["HOME", "/root"] and clean["env"][2][1] != "x"
    assert clean["plain"] == ["git", "-u", "origin:main"] and clean["run"][3] == "8080:80"
    assert clean["mysql"] == ["/usr/bin/mysql", "-p⟨redacted:password⟩", "-P3306"]


@pytest.mark.parametrize(
    "words",
    [
        ["sshpass", "-p", "hunter2", "ssh", "x"],
        ["redis-cli", "-a", "hunter2"],
        ["mysql", "-phunter2"],
        ["podman", "login", "-p", "hunter2"],
        ["wget", "--user", "dev:hunter2"],
        ["PRIVATE_KEY", "hunter2"],
        ["psql", "--passphrase", "hunter2"],
        ["x", "--auth-key", "hunter2"],
    ],
)
def test_a_password_alone_in_a_record_is_found(words: list[str]) -> None:
    """A record in which nothing but one such word is secret is not passed through."""
    assert "hunter2" not in json.dumps(Redactor()({"argv": words}))


def test_a_redacted_decision_is_a_decision() -> None:
    """A record without its secrets is still a record of the same kind about the same request."""
    lines = Lines()
    request = lines.run("psql --password hunter2hunter2 db")
    decision = from_json(Record, {k: v for k, v in stories.quiet().lines[3].items() if k not in "seq time prev hash"})
    assert isinstance(decision, DecisionRecord)
    fields = to_json(DecisionRecord(request, decision.effect, decision.decision))
    again = from_json(Record, Redactor()(fields))
    assert again.request.action.argv == ("psql", "--password", "⟨redacted:password⟩", "db")
    assert again.request.id == request.id


def test_the_environments_secrets_are_known_by_their_names(tmp_path: Path) -> None:
    """Variables named after keys, tokens and passwords are secrets; paths that exist, words and numbers are not."""
    environment = {
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG",
        "DB_PASSWORD": "correcthorse",
        "GITHUB_TOKEN": "abc123def456",
        "SSH_KEY_FILE": str(tmp_path),
        "TOKENIZERS_PARALLELISM": "disabled",
        "KEYTIMEOUT": "1000000000",
        "SHORT_KEY": "abc12",
        "HOME": "/home/dev/long/path",
    }
    assert set(environment_secrets(environment).values()) == {"AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "GITHUB_TOKEN"}
    shown = Redactor.of_environment(environment).text(
        'x correcthorse y {"k":"wJalrXUtnFEMI\\/K7MDENG"} wJalrXUtnFEMI%2FK7MDENG'
    )
    assert "correcthorse" not in shown and "%2FK7MDENG" not in shown


@pytest.mark.parametrize("needle", sorted({needle for shape in SHAPES for needle in shape.needles}))
def test_no_needle_is_passed_by(needle: str) -> None:
    """A text with a needle in it is looked through for what begins there, wherever in the text it stands."""
    gate = next(gate for gate, needles in _GATES if needle in needles)
    for before in ("", " ", needle[:1], needle[:-1], "_-."):
        for behind in ("", " ", needle[1:]):
            assert gate.search(before + needle + behind)


@pytest.mark.parametrize(
    "evil",
    [
        "eyJ" * 40000,
        "-----BEGIN PRIVATE KEY-----" * 4000,
        "://" * 40000,
        "--a" * 40000,
        "token=" * 20000,
        "sk-" * 40000,
        "curl " * 20000,
        "authorization:" * 8000,
        "a" * 150000 + "token",
        "-" * 150000 + "password",
    ],
)
def test_hostile_text_does_not_stop_the_session(evil: str) -> None:
    """A hundred kilobytes made to look almost like secrets take a moment of processor time, not the square of that."""
    started = time.thread_time()
    Redactor(["hunter2hunter2"]).text(evil)
    assert time.thread_time() - started < 10.0
