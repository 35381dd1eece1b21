"""The `watchpost` command: arguments, progress and output. What it shows is worked out by the pipeline itself."""
