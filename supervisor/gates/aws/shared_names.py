"""Which AWS services have operations that look like another's who signs with the same name: theirs must be in the URL.

Most services that share a signing name have nothing else in common, and are told apart without one. Each variable is
part of every program's environment, so there are no more of them than it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SHARED: Mapping[str, str] = MappingProxyType(
    {
        "bedrock": "BEDROCK",
        "bedrock-agent": "BEDROCK_AGENT",
        "bedrock-agent-runtime": "BEDROCK_AGENT_RUNTIME",
        "bedrock-data-automation": "BEDROCK_DATA_AUTOMATION",
        "chime": "CHIME",
        "chime-sdk-identity": "CHIME_SDK_IDENTITY",
        "chime-sdk-media-pipelines": "CHIME_SDK_MEDIA_PIPELINES",
        "chime-sdk-meetings": "CHIME_SDK_MEETINGS",
        "chime-sdk-messaging": "CHIME_SDK_MESSAGING",
        "chime-sdk-voice": "CHIME_SDK_VOICE",
        "docdb": "DOCDB",
        "greengrass": "GREENGRASS",
        "greengrassv2": "GREENGRASSV2",
        "ivs": "IVS",
        "ivs-realtime": "IVS_REALTIME",
        "lambda": "LAMBDA",
        "lambda-microvms": "LAMBDA_MICROVMS",
        "lex-models": "LEX_MODEL_BUILDING_SERVICE",
        "lexv2-models": "LEX_MODELS_V2",
        "neptune": "NEPTUNE",
        "pinpoint-sms-voice": "PINPOINT_SMS_VOICE",
        "qconnect": "QCONNECT",
        "rds": "RDS",
        "s3control": "S3_CONTROL",
        "signer": "SIGNER",
        "signer-data": "SIGNER_DATA",
        "sms-voice": "PINPOINT_SMS_VOICE",
        "timestream-query": "TIMESTREAM_QUERY",
        "timestream-write": "TIMESTREAM_WRITE",
        "wisdom": "WISDOM",
    }
)
"""botocore service name → the suffix of its `AWS_ENDPOINT_URL_` variable (its service id in capitals).

Derived from what botocore's clients write; the test of this module derives it again. S3 must not be in it: the Go SDK
puts the bucket into the host's name where S3 has a URL of its own, into the path where it has none.
"""
