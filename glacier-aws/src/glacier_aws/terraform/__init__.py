"""AWS's resources as blocks of Terraform."""
