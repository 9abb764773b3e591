#!/usr/bin/env python3
"""Runs one command and measures it: `once.py FD COMMAND...`, started with `python3 -I -S`.

To FD goes one line: start and end on the monotonic clock in nanoseconds, exit code, peak resident memory in KiB. Linux
counts what the parent had before exec into that peak, so pipe.py does not start the command itself: this small process
does. Its own size is the least that can be seen; pipe.py prints it.
"""

import os
import sys
import time

report, command = int(sys.argv[1]), sys.argv[2:]
os.set_inheritable(report, False)
start = time.monotonic_ns()
pid = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(pid, 0)
end = time.monotonic_ns()
os.write(report, b"%d %d %d %d\n" % (start, end, os.waitstatus_to_exitcode(status), usage.ru_maxrss))
