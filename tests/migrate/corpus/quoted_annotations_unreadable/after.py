from glacier.providers import AWSProvider


def one(a: "AWS" "Provider", b: "AWSProvider" " | None", c: "\x41WSProvider | AWSProvider") -> None:
    pass
