"""Buckets of the toy platform."""

from glacier.fsspec_bucket import FilesystemBucketAdapter
from glacier.provider import Provider
from glacier_toy.config import ToyBucketConfig, ToyConfig
from glacier_toy.filesystem import ToyFileSystem


class ToyBucketAdapter(FilesystemBucketAdapter):
    """A bucket of the store."""

    scheme = "toy"

    @classmethod
    def default_staging(cls, provider: Provider) -> str | None:
        """Return the bucket that the config names."""
        config = provider.config
        return config.staging if isinstance(config, ToyConfig) else None

    @property
    def filesystem(self) -> ToyFileSystem:
        """The store, with the rights that the provider's config leaves."""
        locked = tuple(f"{self._config.region}/{name}" for name in self._config.locked_buckets)
        return ToyFileSystem(locked=locked)

    @property
    def root(self) -> str:
        """The bucket's directory."""
        settings = self.resource.config
        prefix = settings.prefix if isinstance(settings, ToyBucketConfig) else ""
        return f"{self._config.region}/{prefix}{self.resource.bucket_name}"

    @property
    def _config(self) -> ToyConfig:
        config = self.provider.config
        assert isinstance(config, ToyConfig)
        return config
