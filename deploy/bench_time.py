"""bench_time.py TIMES COMMAND...: runs a command and appends its CPU seconds (user and system) and its peak
memory in MiB to TIMES. What the command says is shown only when it fails."""

import os
import subprocess
import sys

child = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=(said := open(sys.argv[1] + ".said", "w+")))
_, status, usage = os.wait4(child.pid, 0)
if status:
    said.seek(0)
    sys.exit(f"{sys.argv[2]} failed:\n{said.read()}")
with open(sys.argv[1], "a") as times:
    print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, file=times)
