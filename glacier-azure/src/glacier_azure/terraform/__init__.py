"""Azure's resources as blocks of Terraform."""
