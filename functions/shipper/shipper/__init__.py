"""Turns log lines into documents in Elasticsearch and metrics in CloudWatch."""
