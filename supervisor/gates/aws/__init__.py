"""The aws gate: every cloud call is read, decided and signed here, or it does not leave."""

from supervisor.gates.aws.gate import AwsGate

__all__ = ["AwsGate"]
