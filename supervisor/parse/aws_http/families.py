"""Which services mean the same by an operation of one name, because they share an API and its IAM actions."""

from __future__ import annotations

from collections.abc import Iterable

_FAMILIES = (
    ("rds", "docdb", "neptune"),
    ("wisdom", "qconnect"),
    ("greengrass", "greengrassv2"),
    ("sms-voice", "pinpoint-sms-voice"),
    ("timestream-write", "timestream-query"),
    ("ivs", "ivs-realtime"),
    ("lambda", "lambda-microvms"),
    ("signer", "signer-data"),
    ("bedrock", "bedrock-data-automation"),
    ("bedrock-agent", "bedrock-agent-runtime"),
    (
        *("chime", "chime-sdk-identity", "chime-sdk-media-pipelines", "chime-sdk-meetings"),
        *("chime-sdk-messaging", "chime-sdk-voice"),
    ),
)
_OF = {service: number for number, family in enumerate(_FAMILIES) for service in family}


def same_meaning(services: Iterable[str]) -> bool:
    """True when an operation that all of these services have is the same action on the same resources.

    Source: each family signs with one name, and its operations of one name are the same IAM action (IAM's Service
    Authorization Reference). `lex-models` and `lexv2-models` sign with one name too, but mean different imports.
    """
    return len({_OF.get(service, service) for service in services}) == 1
