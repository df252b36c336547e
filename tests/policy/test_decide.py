"""Decisions: the strictest rule wins, silence is no consent, and what is uncertain is never an allow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from supervisor.model.effect import Effect
from supervisor.model.grant import ExecMatcher, Grant
from supervisor.model.request import AwsCall, Exec, ToolCall
from supervisor.policy.explain import command_for
from supervisor.policy.scope import Approvals, FourEyes
from tests.policy.build import ALLOW, ASK, DENY, NOW, connect, foreseen, judge, rule, scope, start

SITE = scope(
    rule("commands", ASK, "git push", "terraform apply", line=3),
    rule("commands", DENY, "terraform destroy", line=4, because="nothing here destroys"),
)


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("git status", ALLOW),
        ("git push origin main", ASK),
        ("git -C /other push", ASK),
        ("terraform -chdir=infra destroy -auto-approve", DENY),
        ("tofu destroy", DENY),
        ("terraform apply -destroy", DENY),
        ("env TF_LOG=1 terraform destroy", DENY),
    ],
)
def test_commands_are_matched_by_meaning(text: str, effect: Effect) -> None:
    """A rule speaks of its program and words wherever options stand and whatever stands in front."""
    assert judge(SITE, start(text)).effect is effect


def test_the_strictest_rule_wins_and_stands_first() -> None:
    """All rules that apply are named, the strictest first."""
    made = scope(
        rule("commands", ALLOW, "git push", line=1),
        rule("commands", DENY, "git", line=2),
        rule("commands", ASK, "git push", line=3),
    )
    decision = judge(made, start("git push"))
    assert decision.effect is DENY and [ref.line for ref in decision.rules] == [2, 3, 1]


def test_without_a_rule_otherwise_decides_and_is_named() -> None:
    """An ask by `otherwise` names no rule, and says in which line `otherwise` stands."""
    decision = judge(scope(commands=ASK), start("make"))
    assert decision.effect is ASK and not decision.rules
    assert "task.yaml:99" in decision.explain and "commands" in decision.explain


def test_what_leaves_the_cell_is_never_allowed_by_otherwise() -> None:
    """Even a scope value that says `otherwise: allow` for hosts, AWS and tools asks."""
    made = scope(aws=ALLOW, network=ALLOW, mcp=ALLOW)
    for action in (connect("example.com"), AwsCall(("s3:GetObject",)), ToolCall("github", "get_me")):
        assert judge(made, action).effect is ASK


def test_except_takes_out() -> None:
    """An exception takes a start out of a deny only when it is certain, and out of an allow when it may be."""
    made = scope(
        rule("commands", DENY, "terraform", except_=("terraform plan",)),
        rule("commands", ALLOW, "make", except_=("make deploy",)),
        commands=ASK,
    )
    assert judge(made, start("terraform plan")).effect is ASK
    assert judge(made, start("terraform apply")).effect is DENY
    assert judge(made, start("make test")).effect is ALLOW
    assert judge(made, start("make deploy")).effect is ASK


def test_a_rule_that_cannot_be_read_never_allows_and_always_refuses() -> None:
    """A scope that did not come from the loader fails closed."""
    assert judge(scope(rule("commands", ALLOW, "a | b"), commands=ASK), start("ls")).effect is ASK
    assert judge(scope(rule("commands", DENY, "a | b")), start("ls")).effect is DENY
    assert judge(scope(rule("network", DENY, "http://x")), connect("example.com")).effect is DENY


def test_what_a_start_visibly_leads_to_denies_early_and_never_asks() -> None:
    """`bash -c` text may be denied at once; what it would ask is asked when that program starts."""
    shell = Exec("/bin/bash", ("bash", "-c", "git push; terraform destroy"), "/work")
    assert judge(SITE, shell).effect is DENY
    asking = Exec("/bin/bash", ("bash", "-c", "git push"), "/work")
    assert judge(SITE, asking).effect is ALLOW
    assert foreseen(SITE, asking).effect is ASK


def test_text_that_is_not_understood_asks_when_foreseen() -> None:
    """`check` does not claim to know what only a running shell knows."""
    shell = Exec("/bin/bash", ("bash", "-c", "$PROGRAM now"), "/work")
    assert foreseen(SITE, shell).effect >= ASK


def test_the_dynamic_linker_hides_nothing() -> None:
    """A program started by way of ld.so is judged as itself, since no second exec would ask."""
    loaded = Exec("/lib64/ld-linux-x86-64.so.2", ("ld.so", "/usr/bin/git", "push"), "/work")
    assert judge(SITE, loaded).effect >= ASK


def test_a_renamed_copy_is_what_its_content_is() -> None:
    """The content's name counts, whatever the file and argv[0] say."""
    copy = Exec("/work/innocent", ("innocent", "destroy"), "/work", known_as=("terraform",))
    assert judge(SITE, copy).effect is DENY


def test_options_from_the_environment_count() -> None:
    """TF_CLI_ARGS puts words into the command line."""
    hidden = start("terraform apply", env=(("TF_CLI_ARGS_apply", "-destroy"),))
    assert judge(SITE, hidden).effect is DENY


def test_a_deny_says_why_and_what_would_help() -> None:
    """The line names the pattern, file, line and reason; the need is in the scope's own notation."""
    decision = judge(SITE, start("terraform destroy"))
    assert "terraform destroy" in decision.explain and "task.yaml:4" in decision.explain
    assert "nothing here destroys" in decision.explain
    assert decision.needs == "except: [terraform destroy] in the rule at task.yaml:4"


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("terraform -chdir=x destroy -auto-approve", "terraform destroy"),
        ("kubectl -n prod delete pod web", "kubectl delete pod web"),
        ("git -C sub push --force", "git push"),
    ],
)
def test_what_would_help_is_no_wider_than_the_words(line: str, pattern: str) -> None:
    """An option's value in front of the first word neither ends the pattern nor becomes a word of it."""
    assert command_for(start(line)) == pattern


def test_hostile_text_in_a_decision_is_visible() -> None:
    """No control character of a command line reaches the explanation, and long text is cut with a count."""
    decision = judge(SITE, Exec("/usr/bin/git", ("git", "push", "\x1b[2J\u202e" + "x" * 5000), "/work"))
    assert decision.explain.isprintable() and "characters)" in decision.explain and len(decision.explain) < 600
    assert decision.needs.isprintable()


# ── grants ───────────────────────────────────────────────────────────────────────────────────────

PUSH = Grant("g1", ExecMatcher("git", ("push",)), NOW + timedelta(minutes=5), "dev")


def test_a_grant_answers_an_ask_until_it_ends() -> None:
    """It turns an ask into an allow that names it; an expired one does nothing."""
    decision = judge(SITE, start("git push origin"), (PUSH,))
    assert decision.effect is ALLOW and decision.grant == "g1" and not decision.needs
    over = Grant("g2", PUSH.matcher, NOW, "dev")
    assert judge(SITE, start("git push origin"), (over,)).effect is ASK


def test_a_grant_never_outranks_a_deny() -> None:
    """Whatever a grant covers, a deny stays a deny."""
    made = scope(rule("commands", DENY, "git push"))
    assert judge(made, start("git push"), (PUSH,)).effect is DENY


def test_what_cannot_be_undone_is_not_for_a_grant() -> None:
    """An irreversible act asks each time, with the name to type."""
    made = scope(rule("commands", ASK, "terraform"))
    grant = Grant("g1", ExecMatcher("terraform", ("destroy",)), NOW + timedelta(minutes=5), "dev")
    decision = judge(made, start("terraform destroy", cwd="/home/dev/site"), (grant,))
    assert decision.effect is ASK and decision.irreversible == ("site",)


def test_four_eyes_ask_even_where_a_rule_allows() -> None:
    """What wants two people is never allowed by a rule or a grant alone."""
    eyes = Approvals(four_eyes=(FourEyes(("git push", "rds:*")),))
    made = scope(rule("commands", ALLOW, "git push"), rule("aws", ALLOW, "rds:*"), approvals=eyes)
    for action in (start("git push"), AwsCall(("rds:RebootDBInstance",), ("arn:aws:rds:eu-central-1::db:x",))):
        decision = judge(made, action, (PUSH,))
        assert decision.effect is ASK and decision.four_eyes == 2 and "2 people" in decision.explain
