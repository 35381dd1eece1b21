"""Subscribes log groups to the shipper."""
