"""The resources of an AWS call told together: what lies in one folder, and what is of one kind."""

from __future__ import annotations

import re
from collections.abc import Iterable

ARN_PARTS = 6
_WILD = re.compile(r"[*?]")
_KIND = re.compile(r"([^/:]+)[/:]")
_OBJECT = re.compile(r"arn:[^:]+:s3:::[^/]+/")


def is_exact(arn: str) -> bool:
    """True for an ARN that names one thing, without wildcards."""
    return arn.count(":") >= ARN_PARTS - 1 and arn.startswith("arn:") and _WILD.search(arn) is None


def named(arn: str) -> str:
    """What an ARN says behind the account: `db:prod`, `table/orders`, `bucket/key`; other text as it is."""
    parts = arn.split(":", ARN_PARTS - 1)
    return parts[-1] if len(parts) == ARN_PARTS else arn


def is_object(arn: str) -> bool:
    """True for the ARN of an S3 object: no region, no account, a bucket and a key."""
    return _OBJECT.match(arn) is not None


def folder(arn: str) -> str:
    """The folder of an S3 object, ending in a slash: `arn:aws:s3:::bucket/logs/`."""
    return arn.rpartition("/")[0] + "/"


def folders_of(arns: Iterable[str], most: int) -> tuple[str, ...]:
    """The distinct folders of S3 objects; empty where they are more than `most`."""
    found: dict[str, None] = {}
    for arn in arns:
        found.setdefault(folder(arn))
        if len(found) > most:
            return ()
    return tuple(found)


def common_folder(arns: Iterable[str]) -> str:
    """The deepest folder that all of these S3 objects lie in, ending in a slash; empty where there is none."""
    listed = tuple(arns)
    if not listed:
        return ""
    # What the first and the last one in order have in common, all between them have: where that is a folder of a
    # bucket, all are objects in it.
    first, last = min(listed), max(listed)
    length = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    shared = folder(first[:length]) if first != last else folder(first)
    return shared if is_object(shared) else ""


def parent(arn: str) -> str:
    """What a thing stands among: the top folder of an S3 object, else everything of its kind in its account and region.

    Empty for what is no exact ARN.
    """
    if not is_exact(arn):
        return ""
    rest = named(arn)
    head = arn[: len(arn) - len(rest)]
    if is_object(arn):
        bucket, _, key = rest.partition("/")
        top, slash, _ = key.partition("/")
        return f"{head}{bucket}/{top}/" if slash else f"{head}{bucket}/"
    kind = _KIND.match(rest)
    return head + (kind[0] if kind else "")


def parents(arns: Iterable[str]) -> tuple[str, ...]:
    """The distinct parents, sorted; empty where one of the things has none."""
    found = sorted({parent(arn) for arn in arns})
    return () if "" in found else tuple(found)


def patterns(arns: tuple[str, ...], most: int) -> tuple[str, ...]:
    """At most `most` ARN patterns that cover all, as narrow as that allows; empty where there are none.

    The things themselves, else their folders, else the folder that they share, else all of their kind.
    """
    if len(arns) <= most:
        return arns
    if all(is_object(arn) for arn in arns):
        if folders := folders_of(arns, most):
            return tuple(f"{one}*" for one in folders)
        if shared := common_folder(arns):
            return (f"{shared}*",)
    wider = tuple(f"{one}*" for one in parents(arns))
    return wider if len(wider) <= most else ()
