"""Sends one line through the whole path every minute, and tells which joint is broken when it does not arrive."""
