"""What two or more of Watchpost's functions share."""
