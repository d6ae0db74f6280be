"""What a job's process runs for a callable: `python job_runner.py FILE`."""

import pickle
import sys
from pathlib import Path

if __name__ == "__main__":
    pickle.loads(Path(sys.argv[1]).read_bytes())()
