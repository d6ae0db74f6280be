from glacier.providers import LocalProvider

cloud = LocalProvider("data")
cloud.base_path, other = "a", "b"
for cloud.base_path in "ab":
    pass
with open("a") as cloud.base_path:
    pass
