"""The sessions that tests and screenshots show: each is journal lines, and the moment at which it is looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from supervisor.core.escalation import question_digest
from supervisor.model.decision import By, Decision, RuleRef
from supervisor.model.effect import Effect
from supervisor.model.event import (
    CredentialMinted,
    DecisionRecord,
    EscalationAnswered,
    EscalationShown,
    Fault,
    GatesChecked,
    GateStatus,
    GrantAdded,
    Proposal,
    RequestRecord,
    ScopeLoaded,
    SessionEnded,
    SessionStarted,
    VerdictRecord,
)
from supervisor.model.grant import AwsMatcher, ConnectMatcher, ExecMatcher, Grant, GrantOffer
from supervisor.model.request import AwsCall, Connect, Exec, Process
from tests.scenarios.journal import Lines

SCOPE_FILE = "scopes/s3-static-site.yaml"
BASH = Process(4119, "/usr/bin/bash", ("bash", "-c", "make deploy"))
MAKE = Process(4120, "/usr/bin/make", ("make", "deploy"))


def started(weakened: bool = False) -> Lines:
    """A session that has just begun."""
    lines = Lines()
    gates = (
        GateStatus("cell", True, "user, mount, network and pid namespaces"),
        GateStatus("exec", True, "seccomp user notification"),
        GateStatus("network", not weakened, "" if not weakened else "started with --weaken network"),
    )
    lines.add(
        SessionStarted(
            "20260201-120000-k3f9",
            ("claude",),
            "/home/dev/site",
            "dev",
            "0.1.0",
            gates,
            ("network",) if weakened else (),
        ),
        ScopeLoaded(
            "s3-static-site",
            "Deploy the static website to s3://www.example.com and refresh its CDN",
            "sha256:5c1f",
            SCOPE_FILE,
            (("bucket", "www.example.com"),),
            lines.now + timedelta(hours=2),
            may=("read and write objects in s3://www.example.com", "run any local program", "reach package registries"),
            asks=("terraform apply, git push", "any other host"),
            never=("terraform destroy, terraform state rm", "rds:*, *:Delete*Snapshot*"),
        ),
        CredentialMinted(
            "c1", "arn:aws:sts::123456789012:assumed-role/site/s3f9", lines.now + timedelta(hours=1), "s3"
        ),
    )
    return lines.wait(62)


def quiet(weakened: bool = False) -> Lines:
    """A session in which work went on and one thing was denied."""
    lines = started(weakened)
    lines.allow("git status", "git diff", "npm ci", *["node build.js"] * 9, "npm run build", "rg bucket", "sed -n 1p a")
    lines.wait(7)
    destroy = lines.run("terraform -chdir=infra destroy -auto-approve", by=(BASH,))
    never = RuleRef(
        "commands",
        Effect.DENY,
        SCOPE_FILE,
        31,
        "deny: terraform destroy",
        "nothing in this task destroys infrastructure",
    )
    lines.deny(destroy, never)
    return lines.wait(5).allow("cat infra/main.tf", "git log -3")


def _offers() -> tuple[GrantOffer, ...]:
    return (
        GrantOffer(
            "exactly this command",
            ExecMatcher("terraform", ("apply", "-auto-approve"), "/home/dev/site", exact=True),
            30,
        ),
        GrantOffer("terraform apply in this folder", ExecMatcher("terraform", ("apply",), "/home/dev/site"), 30),
        GrantOffer("terraform apply anywhere", ExecMatcher("terraform", ("apply",)), 30),
    )


def asking() -> Lines:
    """One question waits: terraform apply, started from a Makefile."""
    lines = quiet()
    lines.add(Proposal(lines.run("x").subject, "Bash", "make deploy", "Deploy the site now that the build is green"))
    request = lines.run(
        "terraform apply -auto-approve", by=(MAKE, BASH), reason="Deploy the site now that the build is green."
    )
    rule = RuleRef("commands", Effect.ASK, SCOPE_FILE, 29, "ask: terraform apply, git push")
    decision = Decision(Effect.ASK, (rule,), "ask: terraform apply, git push", "allow: terraform apply")
    return lines.ask("e1", request, decision, *_offers())


def queue() -> Lines:
    """Three questions wait; the first was asked twice, the second cannot be undone."""
    lines = asking()
    again = lines.run("terraform apply -auto-approve", by=(MAKE, BASH))
    lines.wait(9).add(RequestRecord(again, "e1"))
    bucket = AwsCall(
        ("s3:DeleteBucket",),
        ("arn:aws:s3:::prod-data",),
        "s3",
        "DeleteBucket",
        "eu-central-1",
        "123456789012",
        (("env", "prod"), ("owner", "data-platform")),
        ("irreversible: the bucket and its name are gone",),
    )
    rule = RuleRef("aws", Effect.ASK, SCOPE_FILE, 22, "ask: s3:DeleteBucket", "a person looks before a bucket goes")
    delete = lines.request(bucket, "aws", by=(Process(4170, "/usr/bin/aws", ("aws", "s3", "rb", "s3://prod-data")),))
    decision = Decision(Effect.ASK, (rule,), "ask: s3:DeleteBucket", irreversible=("prod-data",))
    offer = GrantOffer("deleting this bucket", AwsMatcher(("s3:DeleteBucket",), ("arn:aws:s3:::prod-data",)), 5)
    lines.ask("e2", delete, decision, offer, minutes=4)
    connect = Connect("telemetry.example.net", 443, addresses=("203.0.113.9",))
    lines.wait(3)
    lines.ask(
        "e3",
        lines.request(connect, "network", by=(Process(4200, "/usr/bin/node", ("node", "build.js")),)),
        Decision(Effect.ASK, (), "network: no rule names this host, otherwise ask", "allow: telemetry.example.net:443"),
        GrantOffer("connections to telemetry.example.net:443", ConnectMatcher("telemetry.example.net", 443), 60),
    )
    return lines.wait(21)


def irreversible() -> Lines:
    """Only the question about the bucket waits."""
    lines = queue()
    lines.lines = [line for line in lines.lines if line.get("escalation") not in ("e1", "e3")]
    for seq, line in enumerate(lines.lines):
        line["seq"] = seq
    return lines


CLEANUP = Process(4310, "/usr/bin/python3", ("python3", "cleanup.py", "--older-than", "90d"))
EXPIRED = tuple(
    f"arn:aws:s3:::shop-logs/2025/{at // 31 % 12 + 1:02}/{at % 31 + 1:02}/part-{at:05}.json.gz" for at in range(1204)
)


def burst() -> Lines:
    """One question about 1,204 objects, which two calls of one program want to delete."""
    lines = quiet()
    rule = RuleRef("aws", Effect.ASK, SCOPE_FILE, 24, "ask: s3:DeleteObject", "a person looks before logs go")
    call = AwsCall(
        ("s3:DeleteObject",),
        EXPIRED[:1000],
        "s3",
        "DeleteObjects",
        "eu-central-1",
        "123456789012",
        (("env", "prod"), ("owner", "data-platform")),
        (),
        "write",
        facts=(("versioning", "off"), ("object lock", "off")),
    )
    first = lines.request(call, "aws", by=(CLEANUP, BASH), reason="Remove the logs that are older than 90 days.")
    more = lines.request(replace(call, resources=EXPIRED[1000:]), "aws", by=(CLEANUP, BASH))
    decision = Decision(Effect.ASK, (rule,), "ask: s3:DeleteObject", irreversible=("shop-logs/2025/",))
    lines.ask("e1", first, decision)
    lines.wait(2).add(
        DecisionRecord(more, Effect.ASK, decision),
        RequestRecord(more, "e1", question_digest(first, decision), decision),
    )
    return lines.wait(9)


def database() -> Lines:
    """One question about a database of which much was looked up."""
    lines = quiet()
    call = AwsCall(
        ("rds:DeleteDBInstance",),
        ("arn:aws:rds:eu-central-1:123456789012:db:orders-prod",),
        "rds",
        "DeleteDBInstance",
        "eu-central-1",
        "123456789012",
        (("env", "prod"), ("owner", "orders")),
        ("irreversible: no final snapshot is taken", "irreversible: the automated backups go too"),
        "write",
        facts=(
            ("engine", "postgres 16.3"),
            ("size", "1,200 GB"),
            ("deletion protection", "off"),
            ("automated backups", "7 days"),
            ("snapshots", "2"),
            ("last snapshot", "2026-01-25 03:00 UTC"),
        ),
    )
    by = (Process(4402, "/home/dev/site/terraform-provider-aws", ("terraform-provider-aws",)), MAKE, BASH)
    request = lines.request(call, "aws", by=by)
    rule = RuleRef("aws", Effect.ASK, SCOPE_FILE, 23, "ask: rds:*", "a person looks before a database changes")
    lines.ask("e1", request, Decision(Effect.ASK, (rule,), "ask: rds:*", irreversible=("orders-prod",)), minutes=4)
    return lines.wait(12)


def answered() -> Lines:
    """A session in which questions were answered, a grant given, something broke, and the agent left."""
    lines = asking().wait(12)
    lines.add(
        EscalationShown("e1", "console-1"),
        EscalationAnswered("e1", "task", "dev", dwell_ms=4200),
        GrantAdded(Grant("g1", _offers()[1].matcher, lines.now + timedelta(minutes=30), "dev", "e1")),
        VerdictRecord("r21", Effect.ALLOW, By.HUMAN, escalation="e1"),
    )
    lines.wait(31).allow("aws s3 sync build s3://www.example.com")
    push = lines.run("git push --force origin main", reason="Publish the release")
    rule = RuleRef("commands", Effect.ASK, SCOPE_FILE, 29, "ask: terraform apply, git push")
    lines.ask("e2", push, Decision(Effect.ASK, (rule,), "ask: terraform apply, git push"))
    lines.wait(8).add(
        EscalationShown("e2", "console-1"),
        EscalationAnswered("e2", "deny", "dev", "open a pull request instead", 6100),
        VerdictRecord(push.id, Effect.DENY, By.HUMAN, escalation="e2"),
        Fault("network", "the proxy lost a connection to 198.51.100.7:443; it was denied"),
    )
    return lines.wait(40)


def gate_failed() -> Lines:
    """Gates that proved that they hold, and one that does not any more."""
    lines = quiet()
    held = (
        GateStatus("exec", True, "a program start inside was held by the kernel and refused"),
        GateStatus("network", True, "there is no route but the proxy; a connection from inside was refused"),
    )
    lines.add(GatesChecked(held)).wait(60)
    why = "a connection from inside was let through: 200"
    lines.add(GatesChecked((held[0], GateStatus("network", False, why))), Fault("network", why))
    return lines.wait(1)


def ended() -> Lines:
    """The same session after its end."""
    return answered().add(SessionEnded(0, "the agent left"))


HOSTILE_WORDS = (
    "--note=\x1b]0;all good\x07\x1b[2J\x1b[32mALLOWED",
    "[bold red]not markup[/] [@click=app.quit]x[/]",
    "safe\u202egpj.exe",
    "a\u200bb\u2066c",
    "\udcff\udcfe",
    "line\nbreak\ttab\rreturn",
    "⟨U+001B⟩",
)


def hostile(extra: int = 0) -> Lines:
    """A question whose words try to act on the screen; `extra` bytes of argument follow."""
    lines = started()
    argv = ("./ship", *HOSTILE_WORDS, *(("x" * extra,) if extra else ()))
    action = Exec(
        "/home/dev/site/ship\x1b[1A", argv, "/home/dev/[/]site\x1b", env=(("TF_CLI_ARGS", "\x9b31m-destroy"),)
    )
    request = lines.request(action, reason="[red]please[/red] \x1b[8mhidden\x1b[0m allow")
    rule = RuleRef("commands", Effect.ASK, SCOPE_FILE, 29, "ask: ./ship", "[b]because[/b] \x1b[5mblink")
    return lines.ask("e1", request, Decision(Effect.ASK, (rule,), "[i]explain[/i]"))
