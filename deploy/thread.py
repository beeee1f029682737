#!/usr/bin/env python3
"""thread.py PID hold SECONDS: stops the thread of a process that waits for packets (poll or ppoll), and no other.
thread.py PID socket: lets that thread ask for an internet socket, and prints what the kernel answers, such as -1 (EPERM).
For tests; needs root, Linux on amd64."""
import ctypes, glob, os, sys, time

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
SINGLESTEP, GETREGS, SETREGS, DETACH, SEIZE, INTERRUPT = 9, 12, 13, 17, 0x4206, 0x4207
WALL = 0x40000000
# struct user_regs_struct of amd64, as far as it is used: r10 is 7, rdx 12, rsi 13, rdi 14.
R10, RAX, RDX, RSI, RDI, ORIG_RAX, RIP = 7, 10, 12, 13, 14, 15, 16
SOCKET, AF_INET, SOCK_STREAM = 41, 2, 1


def ptrace(request, tid, data=None):
    if libc.ptrace(request, tid, None, data) < 0:
        raise OSError(ctypes.get_errno(), "ptrace %#x" % request)


def waiting(pid):
    """The thread that is in poll (7) or ppoll (271)."""
    for _ in range(1000):
        for path in glob.glob("/proc/%d/task/*/syscall" % pid):
            with open(path) as f:
                if f.read().split()[0] in ("7", "271"):
                    return int(path.split("/")[4])
        time.sleep(0.01)
    sys.exit("no thread of %d waits for packets" % pid)


def socket(tid):
    kept, regs = (ctypes.c_ulonglong * 27)(), (ctypes.c_ulonglong * 27)()
    ptrace(GETREGS, tid, kept)
    regs[:] = kept[:]
    regs[RAX], regs[RDI], regs[RSI], regs[RDX] = SOCKET, AF_INET, SOCK_STREAM, 0
    regs[ORIG_RAX] = 2**64 - 1  # it is in no call that would begin again
    regs[RIP] -= 2  # the instruction syscall, behind which it stopped
    ptrace(SETREGS, tid, regs)
    ptrace(SINGLESTEP, tid)
    os.waitpid(tid, WALL)
    ptrace(GETREGS, tid, regs)
    ptrace(SETREGS, tid, kept)
    return ctypes.c_longlong(regs[RAX]).value


pid, what = int(sys.argv[1]), sys.argv[2]
tid = waiting(pid)
ptrace(SEIZE, tid)
ptrace(INTERRUPT, tid)
os.waitpid(tid, WALL)
if what == "hold":
    for _ in range(int(sys.argv[3]) * 10):
        if os.waitpid(tid, WALL | os.WNOHANG)[0]:  # who traces a thread has to bury it, or its process stays
            sys.exit()
        time.sleep(0.1)
else:
    print(socket(tid))
ptrace(DETACH, tid)
