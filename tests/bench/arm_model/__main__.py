"""Prints ARM-RESULTS.md; started by tests/bench/arm, which builds what this needs."""

import argparse
import datetime
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable

from .boards import BOARDS, CORES, Core
from .measure import LISTENED, PHRASES, Bench, Run, Tile
from .peers import PARTS, Peer, instructions, peers

SECONDS = (0.5, 1)
#: Of a core, in percent, that listening may take on the first board.
BAR = 15
#: Of the instructions of the peer that executes the fewest.
MOST_OF_PEER = 0.5
#: What phrases may add to the instructions of listening.
MOST_BY_PHRASES = 0.3

INTRODUCTION = """\
# ARM: counted and modelled

**No figure here comes from a board.** Instructions are counted under emulation, exactly; cycles and times are
a model of cores with all data in their first-level cache. Written by `just bench-arm`; what is assumed stands in
`tests/bench/arm_model/boards.py`.

Under test are a random wavlm-base with x-vector head in int8, one thread, and the static program of
`boards/build`.
"""

COUNTS = """
## Executed instructions, 10⁹

Whole runs of `wavlm infer`: start, loading, one inference, writing.
"""

OTHERS = f"""
## Executed instructions of other engines, 10⁹

One inference of a second by the wheels for aarch64 of tests/bench/requirements.txt: what a process executes more for two than
for one. Ours is a whole run. The bar: at most {MOST_OF_PEER} of the fewest.
"""

TILES = """
## Products per cycle, modelled

Of each matrix tile that ran, the loop with the most products, by llvm-mca's model of the core, or `a53.py`.
The bar is what the int8 tile is to reach.
"""

LISTENING = f"""
## One second of listening, the built-in model

To speech without a pause, at the model's own hop, without the gate that leaves silence out: what
`wavlm listen` executes more for {LISTENED[1]} seconds than for {LISTENED[0]}, each. The bar is {BAR} % of a core of the
smallest board.
"""

PHRASED = f"""
## One second of listening for phrases, too

The same with a file of words that has all of the model's keywords and {len(PHRASES)} phrases.
"""

TIMES = """
## One second of sound on one core, modelled

Tiles: the iterations of every loop, counted, times its cycles, modelled. The rest: instructions, counted, at
an *assumed* number per cycle. Waiting for memory is in neither.
"""


def main() -> None:
    """Counts, models, reports."""
    arguments = argparse.ArgumentParser(prog="tests/bench/arm", description=__doc__)
    for name in ("program", "model", "objdump", "llvm-mca", "system"):
        arguments.add_argument(f"--{name}", required=True)
    arguments.add_argument("--functions", type=int, default=0, metavar="N",
                           help="also print the N functions that execute most, per table, on stderr")
    options = arguments.parse_args()
    bench = Bench(options.program, options.model, options.objdump, options.llvm_mca)
    runs = [[bench.run(core, seconds) for seconds in SECONDS] for core in CORES]
    seconds = [run for _, run in runs]
    known = peers()

    print(INTRODUCTION)
    print(f"- {datetime.date.today()}")
    for program in ("rustc", "qemu-aarch64", options.llvm_mca):
        print(f"- {version(program)}")
    print(COUNTS)
    table(["emulated CPU", "kernels", "0.5 s", "1 s", "in tiles"], counts(runs))
    print(OTHERS)
    table(["emulated CPU", *(peer.title for peer in known), "ours", "of the fewest", "bar"],
          others(options.system, known, seconds))
    print(TILES)
    table(["core", "modelled as", "tile", "instructions", "products", "cycles", "products per cycle",
           "bar"], (tile_row(run, tile) for run in seconds for tile in run.tiles))
    print(TIMES)
    table(["board", "core", "GHz", "products, 10⁹", "tiles, ms", "the rest, 10⁹ instructions",
           "assumed per cycle", "the rest, ms", "together, ms"], times(seconds))
    print(LISTENING)
    heard = {core: bench.listen(core) for core in dict.fromkeys(board.core for board in BOARDS)}
    table(["board", "core", "GHz", "kernels", "instructions, 10⁹", "tiles, ms", "the rest, ms", "of one core", "bar"],
          listening(heard))
    print(PHRASED)
    table(["core", "kernels", "keywords, 10⁹ instructions", f"and {len(PHRASES)} phrases", "more", "bar"],
          phrased(bench, heard))
    if options.functions:
        for emulated, kernels in dict.fromkeys((run.core.emulated, run.table) for run in seconds):
            print_functions(bench, emulated, kernels, options.functions)


def version(program: str) -> str:
    """The line in which a program tells its version."""
    lines = subprocess.check_output([program, "--version"], text=True).splitlines()
    return next(line.strip() for line in lines if any(character.isdigit() for character in line))


def table(titles: list[str], rows: Iterable[list[str]]) -> None:
    """Prints a Markdown table."""
    for row in (titles, ["---"] * len(titles), *rows):
        print(f"| {' | '.join(row)} |")


def counts(runs: list[list[Run]]) -> Iterable[list[str]]:
    """Instructions of a run on each emulated CPU."""
    for cpu, (half, whole) in {half.core.emulated: (half, whole) for half, whole in runs}.items():
        share = whole.tile_instructions / whole.instructions
        yield [cpu, whole.table, f"{half.instructions / 1e9:.3f}", f"{whole.instructions / 1e9:.3f}",
               f"{share:.0%}"]


def others(system: str, known: list[Peer], seconds: list[Run]) -> Iterable[list[str]]:
    """Instructions of other engines for a second of sound, beside ours."""
    for cpu in PARTS:
        ours = next(run.instructions for run in seconds if run.core.emulated == cpu)
        theirs = instructions(system, known, cpu)
        share = ours / min(theirs)
        yield [cpu, *(f"{each / 1e9:.3f}" for each in (*theirs, ours)), f"{share:.2f}",
               f"{MOST_OF_PEER}, {'reached' if share <= MOST_OF_PEER else 'missed'}"]


def tile_row(run: Run, tile: Tile) -> list[str]:
    """Cycles of a tile's loop on a core."""
    bar = "–"
    if run.core.bar and tile is run.tiles[0]:
        bar = f"{run.core.bar}, {'reached' if tile.rate >= run.core.bar else 'missed'}"
    return [run.core.name, " ".join(run.core.mca) or "a53.py", tile.name, str(len(tile.loop.instructions)),
            str(tile.loop.products), f"{tile.cycles:.1f}", f"{tile.rate:.2f}", bar]


def times(seconds: list[Run]) -> Iterable[list[str]]:
    """Modelled time of a second of sound on each board."""
    for board in BOARDS:
        run = next(run for run in seconds if run.core is board.core)
        tiles, rest = run.milliseconds(board.ghz)
        products = sum(tile.products for tile in run.tiles)
        yield [board.name, run.core.name, str(board.ghz), f"{products / 1e9:.2f}", f"{tiles:.0f}",
               f"{run.other_instructions / 1e9:.3f}", str(run.core.other_ipc), f"{rest:.0f}",
               f"{tiles + rest:.0f}"]


def listening(runs: dict[Core, Run]) -> Iterable[list[str]]:
    """Modelled share of a core that a second of listening takes on each board."""
    for board in BOARDS:
        run = runs[board.core]
        tiles, rest = run.milliseconds(board.ghz)
        percent = (tiles + rest) / 10
        bar = f"{BAR} %, {'reached' if percent <= BAR else 'missed'}" if board is BOARDS[0] else "–"
        yield [board.name, run.core.name, str(board.ghz), run.table, f"{run.instructions / 1e9:.3f}", f"{tiles:.0f}",
               f"{rest:.0f}", f"{percent:.1f} %", bar]


def phrased(bench: Bench, heard: dict[Core, Run]) -> Iterable[list[str]]:
    """What phrases add to a second of listening."""
    with tempfile.TemporaryDirectory() as folder:
        words = bench.book(folder)
        for core, run in heard.items():
            both = bench.listen(core, words)
            more = both.instructions / run.instructions - 1
            yield [core.name, run.table, f"{run.instructions / 1e9:.3f}", f"{both.instructions / 1e9:.3f}", f"{more:.1%}",
                   f"{MOST_BY_PHRASES:.0%}, {'reached' if more <= MOST_BY_PHRASES else 'missed'}"]


def print_functions(bench: Bench, emulated: str, kernels: str, count: int) -> None:
    """The functions that execute most in a second of sound."""
    executions = bench.executions(emulated, kernels, SECONDS[-1])
    functions = Counter[str]()
    for address, instructions in executions.blocks:
        functions[bench.program.function_at(address)] += instructions
    print(f"\n{kernels} on {emulated}", file=sys.stderr)
    for name, instructions in functions.most_common(count):
        print(f"{instructions:14} {instructions / executions.total:6.1%}  {name}", file=sys.stderr)


if __name__ == "__main__":
    main()
