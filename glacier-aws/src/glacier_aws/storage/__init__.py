"""How buckets on S3 are made, written and kept."""
