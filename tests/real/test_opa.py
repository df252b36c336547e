"""Conditions on a real OPA server: the same rules and inputs give what they give in process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from supervisor.model.condition import Condition
from supervisor.model.effect import Effect
from supervisor.policy import rego_input
from supervisor.policy.scope import OpaServer, RegoFile, Source
from supervisor.rego.conditions import Conditions
from supervisor.rego.opa import Opa
from supervisor.rego.testing import as_rego, cases_of
from supervisor.scope_files import rego_folder
from tests.core.desk import START
from tests.e2e.headless import Desk
from tests.real.opa_server import OpaProcess, opa_program, opa_running
from tests.rego.stage import ALLOWED, asked, rego, under
from tests.rego.texts import AWKWARD

pytestmark = pytest.mark.real

EXAMPLES = sorted(path.stem for path in rego_folder().glob("*.rego") if not path.stem.endswith("_test"))
PATIENCE = 60.0


@pytest.fixture(scope="module")
def opa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpaProcess]:
    """One server for all tests that need no other."""
    with opa_running(tmp_path_factory.mktemp("opa")) as server:
        yield server


def document(server: OpaProcess, package: str, **more: Any) -> OpaServer:
    """A package's decision there, as a scope names it."""
    return OpaServer(server.document(package), Source("t.yaml", 1), timeout=60_000, **more)


def ask_opa(server: OpaProcess, file: RegoFile, inputs: list[Any]) -> list[Condition]:
    """What the server says to these inputs."""
    server.put(file.package, file.text)
    with closing(Opa(document(server, file.package), lambda _: server.token)) as opa:
        return [opa.ask(json.dumps(one)) for one in inputs]


def ask_process(file: RegoFile, inputs: list[Any]) -> list[Condition]:
    """What the engine in process says to them."""
    conditions = Conditions(under(file))
    conditions.start()
    try:
        part = conditions._parts[0]
        return [part.ask(one).result(PATIENCE) for one in inputs]
    finally:
        conditions.close()


def gist(condition: Condition) -> tuple[object, ...]:
    """All that is decided by, and the words of an answer."""
    words = "" if condition.fault else condition.because
    obligations = (condition.four_eyes, condition.role, condition.reason, condition.minutes)
    return (condition.effect, condition.fault, words, *obligations)


@pytest.mark.parametrize("name", EXAMPLES)
def test_shipped_conditions_say_the_same(opa: OpaProcess, name: str) -> None:
    """Each case of each file, to the letter."""
    folder = rego_folder()
    file = as_rego(f"{name}.rego", (folder / f"{name}.rego").read_text())
    cases = cases_of(as_rego(f"{name}_test.rego", (folder / f"{name}_test.rego").read_text()))
    inputs = [case.input for case in cases]
    assert len(inputs) >= 9
    there, here = ask_opa(opa, file, inputs), ask_process(file, inputs)
    assert [gist(one) for one in there] == [gist(one) for one in here]
    assert not any(one.fault for one in there)


def test_shipped_conditions_pass_its_own_checks() -> None:
    """They are in its format, its strict compiler finds nothing, and it runs the same cases."""
    program = str(opa_program())
    for words in (["fmt", "--list", "--fail"], ["check", "--strict"], ["test"]):
        done = subprocess.run([program, *words, str(rego_folder())], capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("body", "text"), AWKWARD)
def test_awkward_text_is_the_same_text(opa: OpaProcess, body: str, text: str) -> None:
    """What holds in process holds there (`tests/rego/test_files.py` has the other half)."""
    file = rego("awkward", f"decision if {body}")
    (made,) = ask_opa(opa, file, [{"action": {"argv": ["x", text]}}])
    assert gist(made) == (Effect.ALLOW, False, "", 0, "", False, None)


@pytest.mark.parametrize(
    "body",
    [
        "decision := true if input.nothing",
        "decision := 1 / count([])",
        "decision := true\ndecision := false",
        'decision := time.clock([1, "Nowhere/Else"])[0] >= 0',
        'decision := {"effect": "permit"}',
        'decision contains {"effect": "allow"}',
    ],
)
def test_what_denies_here_denies_there(opa: OpaProcess, body: str) -> None:
    """Undefined, errors, two values, other forms."""
    file = rego("broken", body)
    for made in (*ask_opa(opa, file, [{}]), *ask_process(file, [{}])):
        assert made.effect is Effect.DENY and made.fault


def test_a_real_request_decides_the_same(opa: OpaProcess) -> None:
    """The whole document of a session's request, through both at once."""
    file = as_rego("change-window.rego", (rego_folder() / "change-window.rego").read_text())
    opa.put(file.package, file.text)
    scope = under(file, opa=(document(opa, file.package),))
    conditions = Conditions(scope, token_of=lambda _: opa.token)
    conditions.start()
    try:
        for moment, effect in ((START, Effect.DENY), (START + timedelta(days=1), Effect.ALLOW)):
            one, other = (part.ask(_written(conditions, moment)).result(PATIENCE) for part in conditions._parts)
            assert gist(one) == gist(other) and one.effect is effect
            whole = conditions.ask(asked("terraform", "apply", 'a\n"b\x1b'), ALLOWED, moment).result(PATIENCE)
            assert whole.effect is effect
    finally:
        conditions.close()


def _written(conditions: Conditions, moment: datetime) -> dict[str, Any]:
    return rego_input.document(conditions._scope, asked("terraform", "apply"), ALLOWED, moment)


def test_a_wrong_token_denies(opa: OpaProcess) -> None:
    """The server says no, and that is no `unreachable`."""
    opa.put("agent_supervise.open", "package agent_supervise.open\n\ndecision := true\n")
    named = document(opa, "agent_supervise.open", unreachable=Effect.ASK)
    for token, effect in ((opa.token, Effect.ALLOW), ("other", Effect.DENY), ("", Effect.DENY)):
        with closing(Opa(named, lambda _, token=token: token)) as client:  # type: ignore[misc]
            assert client.ask("{}").effect is effect


def test_over_tls_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    """Trusted by the file that the scope names, and by nothing else."""
    certificate, key = _certificate(tmp_path)
    with opa_running(tmp_path, (certificate, key)) as server:
        with closing(Opa(document(server, "agent_supervise.x", ca=str(certificate)), lambda _: server.token)) as one:
            made = one.ask("{}")
        assert made.effect is Effect.DENY and "undefined" in made.because
        with closing(Opa(document(server, "agent_supervise.x"), lambda _: server.token)) as other:
            assert "cannot be trusted" in other.ask("{}").because


def test_a_session_asks_it(desk: Desk, opa: OpaProcess) -> None:
    """Program starts are held until the server has answered; its words reach the agent."""
    opa.put(
        "agent_supervise.session",
        'package agent_supervise.session\n\ndecision := {"effect": "deny", "because": "not today"} if {\n'
        '\tendswith(input.action.script, "/terraform")\n}\n\nelse := true\n',
    )
    token = desk.home / "token"
    token.write_text(opa.token)
    with desk.scope.open("a") as scope:
        scope.write(
            f"policy:\n  opa: {{url: {opa.document('agent_supervise.session')}, token_file: ~/token, timeout: 20s}}\n"
        )
    done = desk.shell("terraform plan; echo code $?; /bin/echo fine\n")
    assert "code 126" in done.stdout and "fine" in done.stdout, done.stdout + done.stderr
    assert "not today" in done.stderr
    assert desk.command("verify", desk.sessions[-1].name).returncode == 0


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "opa.crt", folder / "opa.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private
