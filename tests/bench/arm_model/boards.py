"""The boards, their cores, and what is assumed; everything else is counted or modelled."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

PROFILES = Path(__file__).resolve().parents[3] / "boards/profiles"


@dataclass(frozen=True)
class Core:
    """A core, how it is emulated, and how its cycles are modelled."""

    name: str
    #: qemu's CPU with the same instructions.
    emulated: str
    #: Kernel tables of the program, best first; the first that it has is counted.
    tables: tuple[str, ...]
    #: llvm-mca's options; none: the estimator in a53.py. llvm-mca's cortex-a72 is its model of A57, and its
    #: cortex-a76 and -a78 are too, so those take the Neoverse cores that were made from them.
    mca: tuple[str, ...]
    #: What boards/profiles call it, and others that are modelled alike.
    cpus: tuple[str, ...]
    #: Instructions per cycle outside the tiles' loops. An assumption, not measured.
    other_ipc: float
    #: Products per cycle that the int8 tile is to reach.
    bar: float | None = None


A53 = Core("Cortex-A53", "cortex-a53", ("neon-a53", "neon"), (), ("cortex-a53",), 0.7, 3.3)
A72 = Core("Cortex-A72, A57", "cortex-a72", ("neon",), ("-mcpu=cortex-a72",), ("cortex-a57", "cortex-a72"), 1.2, 7.5)
A76 = Core("Cortex-A76", "cortex-a76", ("dotprod",), ("-mcpu=neoverse-n1", "-dispatch=4"), ("cortex-a76",), 2.0, 28.0)
A78 = Core("Cortex-A78AE", "cortex-a76", ("dotprod",), ("-mcpu=neoverse-n2",), ("cortex-a78ae",), 2.0)
N2 = Core("Neoverse N2", "max", ("i8mm",), ("-mcpu=neoverse-n2",), (), 2.0)
CORES = (A53, A72, A76, A78, N2)


@dataclass(frozen=True)
class Board:
    """A board at its stock clock."""

    name: str
    core: Core
    ghz: float


def boards() -> tuple[Board, ...]:
    """Those of boards/profiles whose cores are modelled, the slowest cores first."""
    profiles = [tomllib.loads(path.read_text()) for path in PROFILES.glob("*.toml")]
    known = [
        (number, profile["clock_mhz"], profile["name"])
        for profile in profiles
        for number, core in enumerate(CORES)
        if profile["core"] in core.cpus
    ]
    return tuple(Board(name, CORES[number], mhz / 1000) for number, mhz, name in sorted(known))


BOARDS = boards()
