"""The session as a pure state machine: events in, orders out; no I/O and no clock."""
