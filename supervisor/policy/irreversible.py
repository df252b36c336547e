"""What cannot be undone, and the names that a human must type before it may happen."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import assert_never

from supervisor.model.request import Action, AwsCall, Connect, Exec, ToolCall
from supervisor.parse.argv import Certainty
from supervisor.policy.compiled import command
from supervisor.policy.match import certainty
from supervisor.policy.resources import common_folder, named

MOST_NAMES = 3
VERSIONED = ("versioning", "on")
"""The fact that was looked up of a bucket which keeps what is deleted from it."""
_ONLY_SAID = ("hands out credentials:", "runs anything:")
"""How notes begin that are shown in the question and want no name typed."""
_LONGEST_NAME = 120

# Commands after which something outside of the workspace is gone. Their first argument behind the words, or the value
# of one of the options, names it; else the folder that they run in does.
_DESTROYING = (
    ("terraform destroy", ("-target",)),
    ("terraform apply -destroy", ("-target",)),
    ("terraform workspace delete", ()),
    ("pulumi destroy", ("-s", "--stack")),
    ("cdk destroy", ()),
    ("cdktf destroy", ()),
    ("serverless remove", ("-s", "--stage")),
    ("sls remove", ("-s", "--stage")),
    ("sam delete", ("--stack-name",)),
    ("eb terminate", ()),
    ("kubectl delete", ()),
    ("oc delete", ()),
    ("helm uninstall", ()),
    ("helm delete", ()),
    ("dropdb", ()),
    ("gh repo delete", ()),
    ("heroku apps:destroy", ("-a", "--app")),
    ("flyctl destroy", ()),
    ("fly destroy", ()),
    ("vault delete", ()),
    ("aws s3 rb", ()),
    ("gsutil rb", ()),
    ("npm unpublish", ()),
)
_AWS_DELETES = re.compile(
    r"(?:Delete|BatchDelete|Terminate|Purge|Destroy|ScheduleKeyDeletion|DisassociateAndDelete|ForceDelete|Close(?=Account))"
)
# What comes back by writing it again: markers, links and settings rather than data.
_AWS_RETURNS = re.compile(
    r"(?:DeleteTags|Delete\w*(?:Tags|Alarm|Alarms|Dashboard|Dashboards|Rule|Rules|Permission|Association|Attachment|"
    r"Subscription|Filter|Mapping|Method|Integration)$)"
)
_CLOUD_CLIS = frozenset({"aws", "gcloud", "az", "doctl", "oci", "ibmcloud", "aliyun", "hcloud", "linode-cli"})
_CLI_VERBS = re.compile(r"(?:delete|destroy|terminate|purge|batch-delete|schedule-key-deletion)(?:$|-)")
_CLI_NAMES = re.compile(
    r"--?(?:[a-z-]*(?:name|names|id|ids|identifier|identifiers|arn|bucket|table|n|key|resource-group|g))\Z"
)


def irreversible(action: Action) -> tuple[str, ...]:
    """The names to type; empty where it can be undone or names nothing of worth outside of the cell."""
    match action:
        case Exec():
            return _short(_exec_names(action))
        case AwsCall():
            return _short(_aws_names(action))
        case Connect() | ToolCall():
            return ()
        case _:
            assert_never(action)


def _short(names: tuple[str, ...]) -> tuple[str, ...]:
    cut = tuple(name if len(name) <= _LONGEST_NAME else name[-_LONGEST_NAME:] for name in dict.fromkeys(names))
    return cut if len(cut) <= MOST_NAMES else (f"{len(cut)} resources",)


def _exec_names(start: Exec) -> tuple[str, ...]:
    words = start.argv[1:]
    for text, options in _DESTROYING:
        pattern = command(text)
        if pattern is not None and certainty((pattern,), start) is not Certainty.NO:
            depth = len([word for word in text.split()[1:] if not word.startswith("-")])
            return _option_values(words, options) or _plain(words, depth) or (_folder(start),)
    if set(_names(start)) & _CLOUD_CLIS and any(_CLI_VERBS.match(word) for word in words[:6]):
        verb = next(word for word in words if _CLI_VERBS.match(word))
        named = tuple(word for before, word in pairwise(words) if _CLI_NAMES.match(before) and word[:1] != "-")
        return named or _plain(words[words.index(verb) :], 1) or (verb,)
    return ()


def _names(start: Exec) -> tuple[str, ...]:
    return (*start.known_as, start.program.rpartition("/")[2], start.argv[0].rpartition("/")[2] if start.argv else "")


def _plain(words: tuple[str, ...], skip: int) -> tuple[str, ...]:
    return tuple(word for word in words if word and not word.startswith("-"))[skip:]


def _option_values(words: tuple[str, ...], options: tuple[str, ...]) -> tuple[str, ...]:
    found = []
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name not in options and "-" + name.lstrip("-") not in options:
            continue
        if equals:
            found.append(value)
        elif index + 1 < len(words):
            found.append(words[index + 1])
    return tuple(value for value in found if value)


def _folder(start: Exec) -> str:
    chosen = next((word.partition("=")[2] for word in start.argv if word.lstrip("-").startswith("chdir=")), "")
    path = (chosen or start.cwd).rstrip("/")
    name = path.rpartition("/")[2]
    return name if name not in ("", ".", "..") else (start.cwd.rstrip("/").rpartition("/")[2] or "everything")


def _aws_names(call: AwsCall) -> tuple[str, ...]:
    deletes = [action for action in call.actions if _is_delete(action.partition(":")[2])]
    graver = any(not note.startswith(_ONLY_SAID) for note in call.notes)
    if not graver and (not deletes or _comes_back(call, deletes)):
        return ()
    if len(call.resources) > MOST_NAMES and (shared := common_folder(call.resources)):
        return (named(shared),)
    if call.resources:
        return tuple(_tail(arn) for arn in call.resources)
    return tuple(deletes) or call.actions or (f"{call.service}:{call.operation}",)


def _comes_back(call: AwsCall, deletes: list[str]) -> bool:
    """True where a delete only hides an S3 object: its bucket keeps versions, and none is named."""
    told = {text for label, text in call.facts if label == VERSIONED[0]}
    return told == {VERSIONED[1]} and {name.casefold() for name in deletes} == {"s3:deleteobject"}


def _is_delete(operation: str) -> bool:
    return _AWS_DELETES.match(operation) is not None and _AWS_RETURNS.match(operation) is None


def _tail(arn: str) -> str:
    """What people call the thing: `prod` of `arn:…:db:prod`, the whole key of an S3 object."""
    rest = arn.split(":", 5)[-1] if arn.count(":") >= 5 else arn
    if arn.startswith("arn:") and arn.split(":", 3)[2] == "s3":
        return rest
    for sign in ("/", ":"):
        rest = rest.rpartition(sign)[2] or rest
    return rest
