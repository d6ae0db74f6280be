"""A provider's tags as Google's labels, which have fewer characters than the tags of other clouds.

https://cloud.google.com/resource-manager/docs/labels-overview
"""

import re
from collections.abc import Mapping

from glacier.errors import ConfigError

_MOST_CHARACTERS = 63
_MOST_LABELS = 64


def labels_of(tags: Mapping[str, str]) -> dict[str, str]:
    """Return labels for tags: `{"Cost Center": "R&D"}` becomes `{"cost_center": "r_d"}`.

    Letters become small ones, what is illegal in a label becomes `_`, and what is longer than 63
    characters is cut, so that tags need not change where a pipeline moves here.

    Raises:
        ConfigError: Two tags would be one label, a key can be none, or there are too many.
    """
    found: dict[str, str] = {}
    origins: dict[str, str] = {}
    for key, value in tags.items():
        label = _legal(key)
        if not label[:1].isalpha():
            raise ConfigError(
                f"The tag {key!r} can be no label on Google Cloud, whose keys start with a letter. "
                "Rename it in Provider(tags=...)."
            )
        if label in found:
            raise ConfigError(
                f"The tags {origins[label]!r} and {key!r} are one label on Google Cloud, "
                f"{label!r}. Rename one of them in Provider(tags=...)."
            )
        found[label], origins[label] = _legal(value), key
    if len(found) > _MOST_LABELS:
        raise ConfigError(
            f"Provider(tags=...) has {len(found)} tags, and a resource of Google Cloud at most "
            f"{_MOST_LABELS} labels. Leave some out."
        )
    return found


def _legal(text: str) -> str:
    return re.sub(r"[^\w-]", "_", text.lower())[:_MOST_CHARACTERS]
