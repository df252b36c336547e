"""Credentials of the task: the developer's own stay here, and none that is handed out outlives the task."""
