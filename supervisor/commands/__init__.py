"""What each subcommand does, behind the command line: reads, prints, returns an exit code."""
