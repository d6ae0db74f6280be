# not run: `infra` is made up
from infra import *

from glacier.providers import LocalProvider

theirs = Stack("infra")
cloud = LocalProvider("data")
