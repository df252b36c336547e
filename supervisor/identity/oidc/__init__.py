"""A human's login, the task token made of it, and nothing that outlives the task: one interface, several issuers.

The newcomer's path: `values` → `provider` → `check` → `local` → `server` → `life`.
"""
