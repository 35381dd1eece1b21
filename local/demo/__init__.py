"""The demonstration: three services, some traffic, and what Watchpost makes of it."""
