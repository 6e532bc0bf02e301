"""How many threads of a process really computed, and whether with AVX-512, seen from outside; a busy machine does not blur it."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

# Seconds between two looks: seldom enough not to be felt by what is measured.
INTERVAL = 0.2
# A thread that had less than this share of the busiest one's time did not share the work: it hands it out, or
# clock ticks happened to fall on it. Engines divide work evenly, so one thread too many would have far more.
IDLE = 1 / 3
TICKS = os.sysconf("SC_CLK_TCK")
# A thread is born with the last use of the one that made it, and Linux notes its own when it is next interrupted.
BIRTH_S = 0.1


def used_avx512(thread: str, started_s: float) -> bool:
    """Whether a thread, started so many seconds after boot, has used AVX-512 since; as far as Linux tells."""
    status = Path(f"/proc/{thread}/arch_status")
    if not status.exists():
        return False
    since_s = int(status.read_text().split()[1]) / 1e3
    lives_s = time.clock_gettime(time.CLOCK_BOOTTIME) - started_s
    return 0 <= since_s < lives_s - BIRTH_S


@dataclass
class ThreadWatch:
    """User time of each thread of a process, in clock ticks, at several moments; and whether one has used AVX-512 by then."""

    process: int
    looks: list[tuple[float, dict[str, int]]] = field(default_factory=list)
    used_avx512: bool = False

    def look(self) -> None:
        """Threads that end meanwhile are passed over."""
        seen = {}
        for thread in Path(f"/proc/{self.process}/task").glob("*"):
            try:
                after_name = (thread / "stat").read_text().rpartition(")")[2].split()
                self.used_avx512 |= used_avx512(thread.name, started_s=int(after_name[19]) / TICKS)
            except OSError:
                continue
            seen[thread.name] = int(after_name[11])  # user time: giving memory back is no computing
        self.looks.append((time.perf_counter(), seen))

    def working(self, last_s: float) -> int:
        """Threads that computed within the last seconds of the process."""
        begin = self.looks[-1][0] - last_s
        before: dict[str, int] = {}
        after: dict[str, int] = {}
        for moment, seen in self.looks:
            after |= seen
            if moment <= begin:
                before |= seen
        spent = [ticks - before.get(thread, 0) for thread, ticks in after.items()]
        return sum(share > IDLE * max(spent) for share in spent)
