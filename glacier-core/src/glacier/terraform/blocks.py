"""The parts of a document: blocks, and what may stand in them beside plain values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from glacier.access import Access
    from glacier.claims import Settings
    from glacier.provider import Provider
    from glacier.resources import Bucket, Resource

Mode = Literal["resource", "data"]


@dataclass(frozen=True, slots=True)
class Ref:
    """An attribute of another block, by that block's type and key: `${type.label.attribute}`.

    Attributes:
        type: The other block's type, such as `aws_s3_bucket`.
        key: Its key.
        attribute: Its attribute, such as `arn`; the block itself where empty, for `depends_on`.
        mode: Whether it is a resource or a data source.
    """

    type: str
    key: str
    attribute: str = ""
    mode: Mode = "resource"


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of Terraform's language, such as `path.module`, that is not a plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text of which some parts are known only to Terraform.

    Attributes:
        parts: Plain texts, references and expressions, in order.
    """

    parts: tuple[str | Ref | Expression, ...]


@dataclass(frozen=True, slots=True)
class TerraformProvider:
    """Whom Terraform asks for some blocks: a provider of its own, and how it is configured.

    Equal ones are one in a document; of several that differ, all but the first get an alias.

    Attributes:
        source: Where its registry has it, such as `hashicorp/aws`.
        version: Which versions will do, such as `>= 5.100, < 7.0`; empty for what is built into
            Terraform.
        body: Its arguments, as those of a block; never a secret, which Terraform finds where its
            provider looks for it.
    """

    source: str
    version: str
    body: Mapping[str, Any]  # Any: as a block's

    @property
    def local_name(self) -> str:
        """What documents call it: the last part of its source."""
        return self.source.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Block:
    """One resource or data source.

    Attributes:
        type: Its type, such as `aws_s3_bucket`.
        key: What tells it from others of its type: the real thing's name. The document makes a
            legal label of it.
        body: Its arguments. Values are JSON's, `Ref`, `Expression`, `Text`; None is left out.
            Plain text is written so that Terraform takes it literally.
        owner: How errors call the Glacier resource that it comes from.
        provider: Whom Terraform asks for it.
        mode: Whether it is a resource or a data source.
        files: What has to lie beside the document, by its path there; each is called with the
            path to write to when the document is written to a directory.
        comment: What a reader of the document should know; written as `//`.
        outputs: Attributes that the document gives out, by the name that they get there.
    """

    type: str
    key: str
    body: Mapping[str, Any]  # Any: as the docstring says
    owner: str
    provider: TerraformProvider
    mode: Mode = "resource"
    files: Mapping[str, Callable[[Path], object]] = field(default_factory=dict)
    comment: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)


class Estate(Protocol):
    """What adapters are told when they describe their resources."""

    @property
    def provider(self) -> "Provider":
        """The provider whose resources are described."""

    def settings(self, kind: str, name: str) -> "Settings":
        """Return what all resources say of one thing."""

    def access(self, resource: "Resource") -> "Access":
        """Return the buckets that a function, or the jobs of an executor, may have to touch."""

    def staging(self) -> "Bucket":
        """Return the place below which jobs, their data and functions' code travel.

        Raises:
            JobError: The provider names none, and its platform has no default.
        """
