"""AWS Signature Version 4: checked on what comes in, made for what goes out."""

from supervisor.gates.aws.authorization import Bad, Fault
from supervisor.gates.aws.incoming import NeedsBody, Payload, Signed, Unsigned, verify
from supervisor.gates.aws.outgoing import Credentials, Outgoing, sign
from supervisor.gates.aws.signing_key import ChunkSigner, Scope, SigningKey

__all__ = [
    "Bad",
    "ChunkSigner",
    "Credentials",
    "Fault",
    "NeedsBody",
    "Outgoing",
    "Payload",
    "Scope",
    "Signed",
    "SigningKey",
    "Unsigned",
    "sign",
    "verify",
]
