from glacier.providers import LocalProvider

a = LocalProvider(path := "a")
b = LocalProvider(str(one) for one in "b")
c = LocalProvider((path := "c"))
