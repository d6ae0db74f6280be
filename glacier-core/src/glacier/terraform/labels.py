"""Names of Terraform for things that have names of their own."""

import re
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

_DIGEST_CHARACTERS = 8


def labels_for(keys: Iterable[str]) -> dict[str, str]:
    """Return a legal label for every key, no two of them the same.

    A label is the key with `_` for what is illegal in it. Where two keys would get one, those
    that had to be changed get a digest too, so that the label of a legal key never moves.
    """
    wanted = {key: _sanitised(key) for key in sorted(set(keys))}
    uses = Counter(wanted.values())
    return {
        key: label if label == key or uses[label] == 1 else f"{label}_{digest(key)}"
        for key, label in wanted.items()
    }


def digest(text: str) -> str:
    """Return eight characters that stand for a text."""
    return sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]


def _sanitised(key: str) -> str:
    label = re.sub(r"[^A-Za-z0-9_-]", "_", key)
    return label if re.match(r"[A-Za-z_]", label) else f"_{label}"
