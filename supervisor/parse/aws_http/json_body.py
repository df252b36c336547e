"""JSON bodies, without anything that two parsers could read differently."""

from __future__ import annotations

import json
import math
import re
from typing import Any

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _Unreadable(Exception):
    pass


def read_json(body: bytes) -> tuple[Any, str]:
    """The value and "", or `None` and in words why the body is refused. Never raises.

    Refused are a key that stands twice in one object, NaN and infinities, text with half a surrogate pair, and nesting
    that the parser cannot follow.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        if _SURROGATE.search(text) is not None:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return None, "the body has half a surrogate pair"
    except UnicodeDecodeError:
        return None, "the body is not UTF-8"
    except _Unreadable as unreadable:
        return None, str(unreadable)
    except RecursionError:
        return None, "the body is nested too deeply"
    except ValueError:
        return None, "the body is no JSON"
    return value, ""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unreadable("the body has a key twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise _Unreadable(f"the body has {name}, which is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Unreadable("the body has a number that is too large")
    return number
