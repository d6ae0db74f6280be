"""What Azure says, in Glacier's words."""

from azure.core.exceptions import HttpResponseError


def code_of(error: BaseException) -> str:
    """Return the code of an error of Azure, such as `ContainerNotFound`; empty for other errors."""
    code = getattr(error, "error_code", None) if isinstance(error, HttpResponseError) else None
    if code is None:
        return ""
    return str(getattr(code, "value", code))
