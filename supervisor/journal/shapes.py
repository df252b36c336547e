"""How secrets look: the forms that are recognised without knowing the secret.

A form is tried only where one of its `needles` (lower-case text) occurs, and matches from there on; so output without
secrets costs little more than a search for a few words. What repeats is bounded, so hostile text costs no more than its
length. Where a pattern has a group `secret`, only that is the secret. Plain hexadecimal (git object names, digests) is
never one.

Sources: AWS "unique identifiers" (IAM User Guide), GitHub "token formats", GitLab "token prefixes", RFC 7519 (JWT),
RFC 7468 (PEM), RFC 3986 section 3.2.1 (user:password in URLs), RFC 9110 section 11.6.2 (Authorization).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Shape:
    """One form of secret: the KIND that its mark names, the needles where it begins, and how it goes on from there.

    `before` must match what ends where the needle begins: at most `BEFORE` characters, the last a `-` or `_`.
    """

    kind: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    before: re.Pattern[str] | None = None


BEFORE: Final = 64


def _token(kind: str, needles: str, body: str) -> Shape:
    """A token by itself: not part of a longer word."""
    return Shape(kind, tuple(needles.split()), re.compile(rf"(?<![A-Za-z0-9_])(?:{body})(?![A-Za-z0-9])"))


_PASSWORD: Final = r"password|passwd|passphrase"
_SECRET: Final = r"secret|token|api[_-]?key|(?:secret[_-]?)?access[_-]?key|secret[_-]?(?:key|string)|auth[_-]?key"
_PASSWORD_NEEDLES: Final = ("passw", "passp")
_SECRET_NEEDLES: Final = ("secret", "token", "api", "access", "auth")
_QUOTE: Final = r"[\"'\\]{0,3}"
# No secret: a variable that stands for one ($X, ${X}, %X%, {{x}}), a placeholder (<x>, ***), what is redacted already.
_NOT: Final = r"(?!(?-i:\$\{?[A-Z_][A-Z0-9_]*\b|%[A-Z_]+%)|\{\{|<[a-z]|\*{3}|⟨)"
_VALUE: Final = _NOT + r"[^\s\"'\\⟨&;,)]{1,4096}"
_LONG: Final = r"(?=[^\s\"'\\&;,)]{0,200}[0-9])[A-Za-z0-9_\-./+=~]{16,4096}"
_IS: Final = rf"{_QUOTE}\s{{0,4}}[:=]\s{{0,4}}{_QUOTE}"

SHAPES: Final = (
    Shape(
        "private-key",
        ("-----begin",),
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:\\[nr]|\s){0,4}(?:[A-Za-z-]{1,32}: [^\r\n\\]{0,200}(?:\\[nr]|\s){1,4}){0,6}"
            r"[A-Za-z0-9+/=\s\\]{0,16384}(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?"
        ),
    ),
    _token("aws-key", "akia asia", r"(?:AKIA|ASIA)[A-Z0-9]{16}"),
    _token("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,255}"),
    _token("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{40,255}"),
    _token("gitlab-token", "glpat- gldt- glrt- glptt-", r"gl[a-z]{2,5}-[A-Za-z0-9_\-.]{20,255}"),
    _token("anthropic-key", "sk-", r"sk-ant-[A-Za-z0-9_\-]{16,400}"),
    Shape(
        "api-key",
        ("sk-",),
        re.compile(
            r"(?<![A-Za-z0-9_-])sk-(?!ant-)(?=[A-Za-z0-9_\-]{0,300}[0-9])(?=[A-Za-z0-9_\-]{0,300}[A-Z])"
            r"[A-Za-z0-9_\-]{20,400}"
        ),
    ),
    _token("api-key", "sk_live_ rk_live_ sk_test_ rk_test_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}"),
    _token("slack-token", "xox xapp-", r"(?:xox[abeoprs]|xapp)[-.][A-Za-z0-9\-.]{10,400}"),
    _token("google-key", "aiza", r"AIza[A-Za-z0-9_\-]{35}"),
    _token("registry-token", "npm_ pypi- dckr_pat_", r"npm_[A-Za-z0-9]{36}|(?:pypi-AgEIcG|dckr_pat_)[\w-]{20,400}"),
    _token("token", "hf_ hvs. hvb.", r"hf_[A-Za-z0-9]{30,100}|hv[sb]\.[\w-]{20,400}"),
    _token(
        "jwt", "eyj", r"(?<!-)eyJ[A-Za-z0-9_\-]{10,16384}\.[A-Za-z0-9_\-]{2,16384}(?:\.[A-Za-z0-9_\-]{0,16384}){1,3}"
    ),
    Shape("password", ("://",), re.compile(rf"://[^\s/:@]{{0,128}}:(?P<secret>{_VALUE.replace('&;,)', '/@')})@")),
    Shape(
        "credential",
        ("authorization",),
        re.compile(rf"(?i)authorization{_IS}(?:[A-Za-z0-9-]{{1,32}}\s{{1,4}})?(?P<secret>{_VALUE})"),
    ),
    Shape("credential", ("bearer",), re.compile(r"(?i)\bbearer\s{1,4}(?P<secret>[A-Za-z0-9._~+/=\-]{16,16384})")),
    # X-Api-Key: x, PRIVATE-TOKEN: x
    Shape(
        "credential",
        ("token", "api"),
        re.compile(rf"(?i)(?:token|api-?key){_IS}(?P<secret>{_VALUE})"),
        re.compile(r"(?i)(?<![a-z0-9])(?:x|private)-[a-z-]{0,20}\Z"),
    ),
    # --password X, --db-password=X, --token X
    Shape(
        "password",
        (*_PASSWORD_NEEDLES, *_SECRET_NEEDLES),
        re.compile(rf"(?i)(?:{_PASSWORD}|{_SECRET})(?:=|\s{{1,4}}){_QUOTE}(?P<secret>(?!-){_VALUE})"),
        re.compile(r"(?i)(?<![\w-])--(?:[a-z0-9-]{0,40}[_-])?\Z"),
    ),
    # PGPASSWORD=x, "password": "x"; of any length, because a password may be short
    Shape(
        "password",
        _PASSWORD_NEEDLES,
        re.compile(rf"(?i)(?:{_PASSWORD}){_QUOTE}(?:=|:\s{{0,4}}(?=[\"'\\])){_QUOTE}(?P<secret>{_VALUE})"),
    ),
    # GITHUB_TOKEN=x, aws_secret_access_key = x, ?token=x: long and with a digit, or it is code
    Shape("secret", _SECRET_NEEDLES, re.compile(rf"(?i)(?:{_SECRET}){_IS}(?P<secret>{_LONG})")),
    Shape(
        "secret",
        ("aws_secret_access_key", "aws_session_token"),
        re.compile(rf"(?i)aws_(?:secret_access_key|session_token)\s{{1,4}}{_QUOTE}(?P<secret>{_LONG})"),
    ),
    Shape("password", ("sshpass",), re.compile(rf"\bsshpass\s{{1,4}}-p\s{{0,4}}{_QUOTE}(?P<secret>{_VALUE})")),
    Shape("password", ("mysql", "mariadb"), re.compile(rf"(?:mysql|mariadb)[^\n]{{0,400}}?\s-p(?P<secret>{_VALUE})")),
    Shape(
        "password",
        ("curl",),
        re.compile(rf"\bcurl\s[^\n]{{0,400}}?(?:-u|--user)[ =]{{0,4}}{_QUOTE}[^\s:\"']{{1,128}}:(?P<secret>{_VALUE})"),
    ),
)

SECRET_FLAG: Final = re.compile(
    rf"(?i)--?[a-z0-9-]{{0,40}}?(?:{_PASSWORD}|{_SECRET})\Z|aws_(?:secret_access_key|session_token)\Z"
)
"""A word after which the next word is a secret."""

SECRET_NAME: Final = re.compile(rf"(?i)[a-z0-9_.-]{{0,64}}?(?:{_PASSWORD}|{_SECRET}|private[_-]?key)\Z")
"""A variable's name whose value is a secret."""

UNFINISHED: Final = re.compile(
    r"(?:(?:AK|AS|AB|AC)[A-Z0-9]*|gh[a-z_]*[A-Za-z0-9_]*|gl[a-z]{1,5}-?[\w.-]*|sk[-_][\w-]*|xox[\w.-]*|xapp[\w.-]*|AIz[\w-]*"
    r"|npm_\w*|pypi-[\w-]*|dckr_[\w-]*|hf_\w*|hv[sb]\.[\w-]*|eyJ[\w.-]*|-{1,5}B[A-Z -]*|\S*://\S*|\S*[=:][\"']?[\w./+=~-]*)\Z"
)
"""The last word on a screen so far, if it may become one of the above."""
