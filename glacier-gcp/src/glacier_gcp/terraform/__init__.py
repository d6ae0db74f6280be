"""Google Cloud's resources as blocks of Terraform."""
