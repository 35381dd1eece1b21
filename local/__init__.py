"""The account on one machine."""
