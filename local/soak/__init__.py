"""A soak of the deployed stack: steady traffic, a burst, a slow Elasticsearch, and what became of every line."""
