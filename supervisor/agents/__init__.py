"""What is known of each agent CLI, as data."""
