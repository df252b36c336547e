"""The document that conditions get holds every field of the published schema, and nothing that engines read apart."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator

from supervisor.model.request import Action, AwsCall, Connect, Exec, Process, ToolCall
from supervisor.policy.rego_input import document, nanoseconds, pruned, text
from supervisor.policy.rego_schema import input_schema, schemas
from tests.policy.build import NOW, judge, request, scope

ACTIONS: list[Action] = [
    Exec("/usr/bin/git", ("git", "push"), "/work", ("git",), env=(("TF_CLI_ARGS", "x"),)),
    Connect("example.com", 443, addresses=("93.184.216.34",)),
    AwsCall(("s3:PutObject",), ("arn:aws:s3:::b/k",), "s3", "PutObject", "eu-central-1", tags=(("env", "dev"),)),
    AwsCall(()),
    ToolCall("github", "get_issue", '{"a":1}'),
]


@pytest.mark.parametrize("action", ACTIONS)
def test_it_fits_its_schema(action: Action) -> None:
    """Each kind of action, with everything left out and with everything there."""
    asked = request(action)
    made = document(replace(scope(), settings='{"a":{"b":"c"}}'), asked, judge(scope(), action), NOW, NOW)
    if made["decision"]["effect"] == "deny":
        made["decision"]["effect"] = "ask"
    Draft202012Validator(input_schema()).validate(json.loads(text(made)))


def test_the_schemas_are_schemas() -> None:
    """Both fit the draft that they name."""
    for name in ("input", "decision"):
        Draft202012Validator.check_schema(schemas()[name])


def test_tags_that_were_not_looked_up_are_null() -> None:
    """No tags and unknown tags differ."""
    unknown, none = AwsCall(("a:B",)), AwsCall(("a:B",), tags=())
    assert document(scope(), request(unknown), judge(scope(), unknown), NOW)["action"]["tags"] is None
    assert document(scope(), request(none), judge(scope(), none), NOW)["action"]["tags"] == {}


def test_time_is_a_whole_number_of_nanoseconds() -> None:
    """No float stands between: microseconds come through exactly."""
    assert nanoseconds(datetime(2026, 11, 25, 9, 0, 0, 1, UTC)) == 1764061200000001000 + 365 * 86_400 * 10**9


def test_every_character_is_the_character_that_it_was() -> None:
    """Line breaks, quotes and control characters are escaped as JSON does."""
    told = 'a\nb\t"\\é😀\x1b\x00'
    action = Exec("/bin/sh", ("sh", told), "/")
    written = text(document(scope(), request(action), judge(scope(), action), NOW))
    assert json.loads(written)["action"]["argv"][1] == told


def test_arguments_of_a_tool_are_values() -> None:
    """Nobody has to read JSON in a condition; what is none is text."""
    for written, value in (('{"a":[1]}', {"a": [1]}), ("{", "{")):
        action = ToolCall("github", "get", written)
        made = document(scope(), request(action), judge(scope(), action), NOW)
        assert made["action"]["arguments"] == value


def test_text_that_looks_like_an_escape_is_text() -> None:
    """A backslash and a u in an argument are six characters, as they are."""
    action = Exec("/bin/sh", ("sh", "\\u001b"), "/")
    written = text(document(scope(), request(action), judge(scope(), action), NOW))
    assert json.loads(written)["action"]["argv"][1] == "\\u001b"


def test_foreign_bytes_are_written_as_text() -> None:
    """What is no UTF-8 becomes what the journal writes for it."""
    action = Exec("/bin/\udcff", ("x",), "/")
    written = text(document(scope(), request(action), judge(scope(), action), NOW))
    written.encode("utf-8")


def test_the_chain_is_the_programs_alone() -> None:
    """Their arguments may be long, and are another request's."""
    asked = replace(
        request(ACTIONS[0]), subject=replace(request(ACTIONS[0]).subject, chain=(Process(1, "/bin/sh", ("sh",)),))
    )
    assert document(scope(), asked, judge(scope(), ACTIONS[0]), NOW)["request"]["programs"] == ["/bin/sh"]


def test_only_what_is_read_is_written() -> None:
    """All of a first key where one reads all of it; a field that is not there stays away."""
    made = {"a": {"b": 1, "c": 2}, "d": {"e": 3, "f": 4}, "g": "h"}
    assert pruned(made, None) == made
    read = {("a", "b"), ("a", "x"), ("d", ""), ("d", "e"), ("g", "i"), ("z", "")}
    assert pruned(made, read) == {"a": {"b": 1}, "d": {"e": 3, "f": 4}}
