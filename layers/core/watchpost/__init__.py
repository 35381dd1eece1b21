"""What two or more of Watchpost's functions share."""

__version__ = "0.1.0"  # of all of Watchpost but the client layer: docs/releasing.md says where else it stands
