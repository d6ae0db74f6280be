"""Buckets below a bucket."""

from glacier import Provider


def test_sub_bucket_is_a_part_of_its_bucket_and_no_resource_of_its_own(provider: Provider) -> None:
    lake = provider.bucket("lake", "raw/")

    part = lake / "2024" / "sales.csv"

    assert (part.path, part.format, part.provider) == ("raw/2024/sales.csv", "csv", provider)
    assert provider.get_resources() == [lake]
