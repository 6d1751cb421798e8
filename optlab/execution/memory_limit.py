"""A limit on the memory of this process."""

from __future__ import annotations


def limit_memory(extra: int) -> None:
    """Let this process allocate at most `extra` bytes more than now. An allocation beyond it fails.

    Only on Linux, which counts the memory of a process in this way.
    """
    import resource

    now = _data_bytes()
    resource.setrlimit(resource.RLIMIT_DATA, (now + extra, now + extra))


def _data_bytes() -> int:
    """The bytes that count for the limit: writable private memory."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0
