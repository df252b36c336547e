"""Conditions in Rego, worked out in a process of their own or by an OPA server, always within a time."""
