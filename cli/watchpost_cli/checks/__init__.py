"""What `watchpost doctor` checks: one function for each joint of a deployed stack. All of them only read."""
