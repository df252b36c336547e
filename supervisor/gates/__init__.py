"""The policy enforcement points: each intercepts, asks and enforces, and none decides."""
