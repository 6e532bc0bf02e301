"""A program's functions as a disassembler shows them, and the loops of its matrix tiles."""

import re
import subprocess
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

HEADING = re.compile(r"([0-9a-f]+) <(.+)>:$")
INSTRUCTION = re.compile(r"\s*([0-9a-f]+):\s+(.+)$")
BRANCH = re.compile(r"(?:b\.\w+|b|cbn?z\s+\w+,|tbn?z\s+\w+,\s*#\S+,)\s+0x([0-9a-f]+)")

# Functions of a kernel table's module; `ELEMENTWISE`, which multiplies too, is not one.
TILE = re.compile(r"wavlm_kernels::arm::([a-z]\w*::\w+)")

# Products of one instruction, by the shape of its sums.
PRODUCTS = (
    (re.compile(r"[su]ml[as]l2?\s+v\d+\.8h|[su]mull2?\s+v\d+\.8h"), 8),
    (re.compile(r"(sdot|udot|usdot|sudot)\s+v\d+\.4s"), 16),
    (re.compile(r"(smmla|ummla|usmmla)\s+v\d+\.4s"), 32),
    (re.compile(r"fml[as]\s+v\d+\.4s"), 4),
)


@dataclass(frozen=True)
class Loop:
    """An innermost loop: the instructions from a branch's target down to the branch."""

    addresses: tuple[int, ...]
    instructions: tuple[str, ...]

    @cached_property
    def products(self) -> int:
        """Multiply-accumulates of one iteration."""
        return sum(each for text in self.instructions for shape, each in PRODUCTS if shape.match(text))

    @property
    def branch(self) -> int:
        """Address of the instruction that closes the loop, which runs once an iteration."""
        return self.addresses[-1]


@dataclass
class Function:
    """A function's instructions by address, in order."""

    name: str
    instructions: dict[int, str] = field(default_factory=dict)

    def loops(self) -> Iterator[Loop]:
        """The innermost loops that multiply."""
        spans = []
        for address, text in self.instructions.items():
            branch = BRANCH.match(text)
            if branch and int(branch[1], 16) <= address and int(branch[1], 16) in self.instructions:
                spans.append((int(branch[1], 16), address))
        for first, last in spans:
            if any(first <= a and b <= last and (a, b) != (first, last) for a, b in spans):
                continue
            body = {a: text for a, text in self.instructions.items() if first <= a <= last}
            loop = Loop(tuple(body), tuple(body.values()))
            if loop.products:
                yield loop


class Program:
    """A statically linked AArch64 program with symbols: where its functions are, and its tiles in full."""

    def __init__(self, path: str, objdump: str) -> None:
        self.tiles: list[Function] = []
        self._starts: list[int] = []
        self._names: list[str] = []
        command = [objdump, "-d", "--demangle", "--no-show-raw-insn", "--mattr=+all", path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            tile = None
            for line in process.stdout:
                if heading := HEADING.match(line):
                    self._starts.append(int(heading[1], 16))
                    self._names.append(heading[2])
                    name = TILE.search(heading[2])
                    tile = Function(name[1]) if name else None
                    if tile:
                        self.tiles.append(tile)
                elif tile and (instruction := INSTRUCTION.match(line)):
                    tile.instructions[int(instruction[1], 16)] = re.sub(r"\s*(//|<).*", "", instruction[2])
        if process.returncode or not self.tiles:
            raise SystemExit(f"{path}: no tiles found; it must be built for AArch64, with symbols")

    def function_at(self, address: int) -> str:
        """The name of the function that holds `address`."""
        index = bisect_right(self._starts, address) - 1
        return self._names[index] if index >= 0 else "?"


class Executions:
    """How often each instruction ran, from the listing of tests/instructions/count."""

    def __init__(self, listing: str) -> None:
        self.total = 0
        #: Start and executed instructions of each block.
        self.blocks: list[tuple[int, int]] = []
        self._of_address: dict[int, int] = {}
        with open(listing, encoding="ascii") as lines:
            for line in lines:
                address, instructions, executions = int(line.split()[0], 16), *map(int, line.split()[1:])
                self.total += instructions * executions
                self.blocks.append((address, instructions * executions))
                for each in range(address, address + 4 * instructions, 4):
                    self._of_address[each] = self._of_address.get(each, 0) + executions

    def less(self, start: "Executions", parts: int) -> None:
        """Takes away what another run executed as well, and keeps one of so many equal parts of the rest."""
        self.total = (self.total - start.total) // parts
        before = dict[int, int]()
        for address, instructions in start.blocks:
            before[address] = before.get(address, 0) + instructions
        self.blocks = [(address, (n - before.pop(address, 0)) // parts) for address, n in self.blocks]
        self._of_address = {a: (n - start.at(a)) // parts for a, n in self._of_address.items()}

    def at(self, address: int) -> int:
        """Times that the instruction at `address` ran."""
        return self._of_address.get(address, 0)

    def within(self, loop: Loop) -> int:
        """Instructions that ran in `loop`."""
        return sum(self.at(address) for address in loop.addresses)
