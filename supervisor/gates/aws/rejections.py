"""An answer of the cloud that is about the credentials of the request, not about what was asked for.

They are ours, and the client knows nothing of them: it would look at its own, which are not the matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

STATUSES: Final = frozenset({400, 401, 403})
MOST_READ: Final = 8192
"""Bytes of an answer that are looked at; errors of AWS are a few hundred."""
_CODES: Final = frozenset(
    """
    ExpiredToken ExpiredTokenException InvalidAccessKeyId InvalidClientTokenId RequestExpired TokenRefreshRequired
    UnrecognizedClientException
    """.split()
)
"""Source: AWS's lists of common errors, of S3's and of EC2's error codes."""
_S3_ONLY: Final = frozenset({"InvalidToken"})
"""Step Functions has the same word for a page of a list that it does not know."""
_CODE: Final = re.compile(
    rb"<Code>\s*([A-Za-z]{1,64})\s*</Code>|\"__type\"\s*:\s*\"(?:[^\"#]{0,200}#)?([A-Za-z]{1,64})\""
)


def rejection(status: int, headers: Mapping[str, str], start: bytes) -> str:
    """AWS's error code if it does not take the credentials, else empty; `start` is the beginning of the body."""
    if status not in STATUSES:
        return ""
    told = headers.get("x-amzn-errortype", "").partition(":")[0].rpartition("#")[2].strip()
    if not told and (found := _CODE.search(start)):
        told = (found[1] or found[2]).decode("ascii")
    return told if told in _CODES or (told in _S3_ONLY and start.lstrip().startswith(b"<")) else ""
