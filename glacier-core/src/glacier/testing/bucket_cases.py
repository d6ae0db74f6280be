"""All that a bucket has to do, whatever store it lies in."""

from glacier.testing.bucket_dataset_cases import DatasetCases
from glacier.testing.bucket_name_cases import NameCases
from glacier.testing.bucket_read_cases import ReadCases
from glacier.testing.bucket_write_cases import AtomicityCases, WriteCases


class BucketCases(ReadCases, WriteCases, AtomicityCases, DatasetCases, NameCases):
    """The contract of `Bucket` over a `BucketAdapter`."""
