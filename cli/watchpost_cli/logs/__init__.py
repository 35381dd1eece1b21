"""Log lines on the command line: what is asked for, and how it is shown."""
