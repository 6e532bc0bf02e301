"""Cycles of a loop on Cortex-A53, which issues in order, at most two instructions a cycle.

llvm-mca's model of this core does not tell which instructions pair, and a loop for an in-order core is made
of little else. The rules here were measured by others on a Raspberry Pi 3, instruction by instruction: the
results of `insn_bench_aarch64`, and ncnn's notes on what issues together. Where those leave it open, whether
the second cycle of `sadalp` can be shared, the slower answer is taken. Loads hit the first-level cache, and
branches are predicted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """What instructions of one kind take of a cycle: it has two slots, two NEON halves, one memory port."""

    pattern: str
    latency: int
    slots: int = 1
    neon: int = 0
    memory: int = 0
    #: Cycles until anything else may issue, if more than one.
    cycles: int = 1
    #: Cycles until another of the same kind may add to the result.
    forwarded: int | None = None


# The first pattern that the instruction's text begins with decides.
RULES = (
    Rule(r"ldn?p q", latency=4, slots=2, cycles=4),
    Rule(r"ldn?p ", latency=4, slots=2, cycles=2),
    Rule(r"ldu?r q|ld1 \{ ?v\d+\.(16b|8h|4s|2d)", latency=4, slots=2, cycles=2),
    Rule(r"ldu?r [dshb]\d|ld1", latency=4, neon=1, memory=1),
    Rule(r"ld|prfm", latency=3, memory=1),
    Rule(r"st", latency=1, memory=1),
    Rule(r"[su]adalp", latency=4, neon=2, cycles=2),
    Rule(r"[su]ml[as]l|[su]mull|ml[as] v", latency=4, neon=2, forwarded=1),
    Rule(r"fml[as]", latency=8, neon=2, forwarded=4),
    Rule(r"(dup|ins|mov|fmov) [vds]\S*, [wx]", latency=3, neon=1),
    Rule(r"(dup|ins|mov|movi|ext|zip[12]|trn[12]|uzp[12]|[su]xtl2?|[su]shll2?) v", latency=2, neon=2),
    Rule(r"(add|sub|addp|[su]addw2?) v", latency=3, neon=2),
    Rule(r"\S+ [vqds]\d", latency=4, neon=2),
    Rule(r"", latency=1),
)

# These add to their destination or write a part of it, so they wait for it.
ACCUMULATES = re.compile(r"[su]adalp|[su]ml[as]l|f?ml[as] |(ins|mov) v\d+\.[bhsd]\[|ld1.*\}\[")
REGISTER = re.compile(r"\b([vqdshb]|[xw])(\d+)\b")


@dataclass(frozen=True)
class Step:
    """One instruction: its rule, and the registers that it waits for and sets."""

    rule: Rule
    sources: tuple[str, ...]
    accumulator: str | None
    results: tuple[str, ...]
    #: The base register that a load or store moves on: ready a cycle later.
    moved: str | None


def step(text: str) -> Step:
    """The instruction `text`, as a disassembler writes it."""
    text = " ".join(text.split())
    rule = next(rule for rule in RULES if re.match(rule.pattern, text))
    _, _, operands = text.partition(" ")
    values, address = re.split(r"(?=\[x|\[sp|$)", operands, maxsplit=1)
    named, pointers = registers(values), registers(address)
    moved = pointers[0] if pointers and re.search(r"\], |\]!", address) else None
    if re.match(r"st|prfm|cmp|cmn|tst|cb|tb|b|nop", text):
        return Step(rule, (*named, *pointers), None, (), moved)
    if text.startswith("ld"):
        sources, results = pointers, named
    else:
        sources, results = named[1:], named[:1]
    accumulator = results[0] if ACCUMULATES.match(text) else None
    return Step(rule, tuple(sources), accumulator, tuple(results), moved)


def registers(text: str) -> list[str]:
    """The registers that `text` names, all views of one under one name."""
    return [("x" if kind in "xw" else "v") + number for kind, number in REGISTER.findall(text)]


class Pipeline:
    """Issues instructions in order and keeps the time."""

    def __init__(self) -> None:
        self.now = 0
        self._slots = self._neon = self._memory = 0
        self._ready: dict[str, tuple[int, Rule | None]] = {}

    def issue(self, step: Step) -> None:
        """Waits until `step` can issue, and issues it."""
        waits = [self._ready[name][0] for name in step.sources if name in self._ready]
        if step.accumulator in self._ready:
            waits.append(self._added_to(step.accumulator, step.rule))
        self._advance(max(waits, default=0))
        rule = step.rule
        if self._slots + rule.slots > 2 or self._neon + rule.neon > 2 or self._memory + rule.memory > 1:
            self._advance(self.now + 1)
        self._slots += rule.slots
        self._neon += rule.neon
        self._memory += rule.memory
        for name in step.results:
            self._ready[name] = (self.now + rule.latency, rule)
        if step.moved:
            self._ready[step.moved] = (self.now + 1, None)
        if rule.cycles > 1:
            self._advance(self.now + rule.cycles)

    def _added_to(self, register: str, rule: Rule) -> int:
        """When an instruction of `rule` can add to `register`."""
        ready, writer = self._ready[register]
        if writer is rule and rule.forwarded is not None:
            return ready - rule.latency + rule.forwarded
        return ready

    def _advance(self, time: int) -> None:
        if time > self.now:
            self.now = time
            self._slots = self._neon = self._memory = 0


def cycles(loop: Sequence[str]) -> float:
    """Cycles of one iteration of `loop`, instructions in order, once it has settled."""
    steps = [step(text) for text in loop]
    pipeline = Pipeline()
    warm_up, measured = 20, 40
    for iteration in range(warm_up + measured):
        if iteration == warm_up:
            start = pipeline.now
        for each in steps:
            pipeline.issue(each)
    return (pipeline.now - start) / measured
