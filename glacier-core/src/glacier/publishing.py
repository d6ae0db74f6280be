"""Publishing a dataset on stores that can't swap many objects at once."""

from collections.abc import Callable, Collection


def publish_dataset(
    added: Collection[str],
    *,
    superseded: Collection[str],
    publish: Callable[[], None],
    remove: Callable[[Collection[str]], None],
) -> None:
    """Make the new objects visible, and only then remove the ones they supersede.

    The order is what makes a crash harmless: at every moment a reader finds all of the old
    objects or all of the new ones, and after a crash perhaps both, until the next write. If
    one object can't be published, those published before it are taken back; where that fails
    too, a note on the error says so.

    Args:
        added: The paths of the new objects. None may exist yet: the names of a dataset's files
            carry the token of their stage.
        superseded: The objects of the dataset that go; empty for an append.
        publish: Makes each new object visible, whole and at once.
        remove: Removes objects; does nothing about those that aren't there.
    """
    try:
        publish()
    except BaseException as error:
        try:
            remove(added)
        except Exception as other:  # noqa: BLE001 - a store's own; the first error is what counts
            error.add_note(
                "Some of the new files may be there, since they could not be taken back "
                f"({type(other).__name__}: {other}): write again, or delete them."
            )
        raise
    names = set(added)
    remove([path for path in superseded if path not in names])
