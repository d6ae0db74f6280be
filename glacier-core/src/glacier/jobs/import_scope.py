"""What resources answer to while a job's modules are imported: modules may look, not act.

A module that runs its pipeline when it is imported would do so again in every job that imports it,
and each of these runs would submit the job once more.
"""

from typing import NoReturn

from glacier.errors import JobError
from glacier.scope import LookingScope


class ImportScope(LookingScope):
    """Lets modules look at buckets while they are imported, and refuses every effect."""

    def refuse(self, action: str) -> NoReturn:
        """Raise the error that says where such lines belong."""
        raise JobError(
            f"A module would {action} while a job imports it, as every job would again that needs "
            'the module. Do this below `if __name__ == "__main__":`, or in a function.'
        )
