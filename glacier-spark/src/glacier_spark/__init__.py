"""Apache Spark for Glacier."""
