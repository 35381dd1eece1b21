"""Brings dead letters to the shipper again, until each is delivered or rejected."""
