"""Searching lines in Elasticsearch."""
