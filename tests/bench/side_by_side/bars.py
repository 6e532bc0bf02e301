"""What this project holds itself to, beside what was measured."""

from collections.abc import Iterable
from dataclasses import dataclass

from .engines import file_bytes
from .measure import LENGTHS, THREADS, Results

MB = 1e6

# Cosine to f32 of what may be called the same answer.
EXACT = 0.999

# Peers that multiply in int8, however close they come to f32.
INT8 = ("openvino-int8", "ort-int8", "ort-qdq", "mnn-int8", "rten-int8")


@dataclass(frozen=True)
class Bar:
    """A limit, and the measured value if there is one."""

    what: str
    limit: float
    measured: float | None
    unit: str = ""
    digits: int = 2
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.measured is None:
            return "not measured"
        reached = self.measured >= self.limit if self.at_least else self.measured <= self.limit
        return "reached" if reached else "**not reached**"

    def number(self, value: float) -> str:
        """The limit or the measured value, written alike."""
        return f"{value:.{self.digits}f}{self.unit}"


def bars(results: Results, peak_share: float | None) -> list[Bar]:
    """Every bar; `peak_share` of the core's int8 peak was reached at 1 s on one thread."""

    def ratio(limit: float, ours: str, peer: str, seconds: int, threads: int) -> Bar:
        what = f"time of {ours} / {peer}, {seconds} s, {threads} thread(s)"
        return Bar(what, limit, results.ratio(ours, peer, seconds, threads), digits=3)

    def memory(limit: float, seconds: int) -> Bar:
        bytes = results.peak_rss("ours", seconds)
        return Bar(f"peak memory, {seconds} s", limit, bytes and bytes / MB, " MB", 0)

    def cosine(output: str) -> Bar:
        return Bar(f"cosine of {output} to f32", EXACT, results.cosine("ours", output), "", 5, at_least=True)

    def as_exact(limit: float, seconds: int, threads: int) -> Bar:
        cosines = {peer: results.cosine(peer, "embeddings") for peer in INT8}
        exact = [peer for peer, cosine in cosines.items() if cosine is not None and cosine >= EXACT]
        return slowest(f"int8 peer of cosine {EXACT}", exact, limit, seconds, threads)

    def slowest(peers_are: str, peers: Iterable[str], limit: float, seconds: int, threads: int) -> Bar:
        ratios = [results.ratio("ours", peer, seconds, threads) for peer in peers]
        known = [found for found in ratios if found is not None]
        what = f"time of ours / fastest {peers_are}, {seconds} s, {threads} thread(s)"
        return Bar(what, limit, max(known, default=None), digits=3)

    file = file_bytes(results.engines["ours"].model) / MB if "ours" in results.engines else None
    percent = peak_share and 100 * peak_share
    speed = (
        [as_exact(1.0, seconds, threads) for seconds in LENGTHS for threads in THREADS]
        if results.without_avx512
        else [
            slowest("int8 peer", INT8, 0.65, 1, 1),
            ratio(0.80, "ours", "openvino-int8", 1, 1),
            ratio(0.85, "ours", "openvino-int8", 1, 2),
            ratio(0.85, "ours", "openvino-int8", 3, 2),
            ratio(0.70, "ours", "openvino-int8", 10, 2),
            ratio(0.50, "ours", "ort-int8", 1, 1),
            Bar("share of the core's int8 peak, 1 s, 1 thread", 75, percent, " %", 1, at_least=True),
        ]
    )
    return [
        *speed,
        cosine("embeddings"),
        cosine("logits"),
        memory(150, 1),
        memory(170, 10),
        memory(220, 60),
        Bar("open to ready", 10, results.load_ms("ours"), " ms", 1),
        Bar("file", 104, file, " MB", 1),
    ]
