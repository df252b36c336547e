"""Grants on offer: narrow, certain to cover what was asked, and nothing that was not read."""

from __future__ import annotations

import pytest

from supervisor.core.escalation import too_wide
from supervisor.model.grant import AwsMatcher, ConnectMatcher, ExecMatcher, ToolMatcher
from supervisor.model.request import Action, AwsCall, Exec, ToolCall
from supervisor.policy.offers import covers, offers
from tests.policy.build import ASK, connect, judge, request, rule, scope, start

ASKING = scope(commands=ASK)


@pytest.mark.parametrize(
    "action",
    [
        start("git push origin main"),
        start("make"),
        start("npm publish --access public"),
        start("kubectl -n prod apply -f x.yaml"),
        connect("example.com", 8443),
        AwsCall(("s3:PutObject",), ("arn:aws:s3:::site/a/b.html",)),
        ToolCall("github", "create_issue", '{"title":"x"}'),
    ],
)
def test_every_offer_covers_what_was_asked_and_may_be_given(action: Action) -> None:
    """There is an offer, each covers the request, none is wider than one key may give, the narrowest comes first."""
    made = offers(request(action), judge(ASKING, action))
    assert made and all(covers(offer.matcher, action) for offer in made)
    assert not any(too_wide(offer.matcher) for offer in made)
    assert all(1 <= offer.minutes <= 24 * 60 for offer in made)
    if isinstance(action, Exec):
        assert isinstance(made[0].matcher, ExecMatcher) and made[0].matcher.exact


def test_nothing_is_offered_for_what_cannot_be_undone() -> None:
    """An irreversible act is allowed once at a time."""
    action = start("terraform destroy")
    assert offers(request(action), judge(ASKING, action)) == ()


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("git push", True),
        ("git push origin", True),
        ("git -c core.sshCommand=evil push", False),
        ("git --exec-path=/tmp push", False),
        ("git pull", False),
        ("hub push", False),
    ],
)
def test_a_grant_covers_words_from_the_first_on(text: str, covered: bool) -> None:
    """Options in front of the granted words are other words: they may change what the program does."""
    assert covers(ExecMatcher("git", ("push",)), start(text)) is covered


def test_words_in_front_of_another_program_say_nothing_about_it() -> None:
    """A grant by leading words never covers a program that starts another one; an exact one does."""
    shell = Exec("/bin/bash", ("bash", "-c", "make all"), "/work")
    assert not covers(ExecMatcher("bash", ("-c",)), shell)
    assert covers(ExecMatcher("bash", ("-c", "make all"), exact=True), shell)
    assert not covers(ExecMatcher("env", ("git",)), start("env git push"))
    assert all(offer.matcher.exact for offer in offers(request(shell), judge(ASKING, shell)))  # type: ignore[union-attr]


def test_a_grant_knows_a_multi_call_program_by_its_task() -> None:
    """One file that is many programs is granted under the name that it is called by."""
    remove = Exec("/bin/busybox", ("rm", "x"), "/work", known_as=("busybox",))
    other = Exec("/bin/busybox", ("wget", "x"), "/work", known_as=("busybox",))
    made = offers(request(remove), judge(ASKING, remove))
    assert made and not any(covers(offer.matcher, other) for offer in made)


def test_a_program_that_is_called_something_else_gets_no_grant() -> None:
    """Neither name alone would say what was allowed."""
    disguised = Exec("/work/tool", ("git", "push"), "/work")
    assert offers(request(disguised), judge(ASKING, disguised)) == ()
    assert not covers(ExecMatcher("git", ("push",)), disguised)


def test_content_folder_and_environment_are_part_of_a_grant() -> None:
    """Another content or folder is not covered, nor words that the environment adds."""
    matcher = ExecMatcher("make", ("all",), "/work", sha256="aa")
    assert covers(matcher, start("make all", sha256="aa"))
    assert not covers(matcher, start("make all", sha256="bb"))
    assert not covers(matcher, start("make all", cwd="/other", sha256="aa"))
    applied = ExecMatcher("terraform", ("apply",))
    assert not covers(applied, start("terraform apply", env=(("TF_CLI_ARGS", "-destroy"),)))


def test_hosts_calls_and_tools() -> None:
    """The other matchers cover what they name, and an AWS call only with its resources known."""
    assert covers(ConnectMatcher("example.com", 443), connect("EXAMPLE.com.", 443))
    assert not covers(ConnectMatcher("example.com", 443), connect("a.example.com", 443))
    assert covers(ConnectMatcher("*.example.com", 443), connect("a.example.com", 443))
    matcher = AwsMatcher(("s3:PutObject",), ("arn:aws:s3:::site/*",))
    assert covers(matcher, AwsCall(("s3:PutObject",), ("arn:aws:s3:::site/x",)))
    assert not covers(matcher, AwsCall(("s3:PutObject",)))
    assert not covers(matcher, AwsCall(("s3:PutObject", "s3:DeleteObject"), ("arn:aws:s3:::site/x",)))
    assert covers(ToolMatcher("github", "get"), ToolCall("github", "get", '{"a":1}'))
    assert not covers(ToolMatcher("github", "get", "{}"), ToolCall("github", "get", '{"a":1}'))
    assert not covers(ToolMatcher("github", "get"), start("git push"))


def test_an_aws_call_without_a_resource_is_allowed_once_only() -> None:
    """What it is about cannot be told, so nothing can be kept."""
    call = AwsCall(("ec2:RunInstances",))
    assert offers(request(call), judge(scope(rule("aws", ASK, "ec2:*")), call)) == ()
