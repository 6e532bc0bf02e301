"""Cycles of a loop on cores that issue out of order, by llvm-mca's models of them."""

import re
import subprocess
from collections.abc import Sequence

# Enough iterations for the loop to settle, and as many again and more to measure.
FEW, MANY = 100, 300


def cycles(llvm_mca: str, core: Sequence[str], loop: Sequence[str]) -> float:
    """Cycles of one iteration of `loop` on the core that the options `core` name, once it has settled."""
    # A branch wants a label: "." is the branch itself, which costs the same. Other numbers follow a "#".
    code = "\n".join(re.sub(r"(?<=\s)0x[0-9a-f]+$", ".", text) for text in loop)
    return (_total(llvm_mca, core, code, MANY) - _total(llvm_mca, core, code, FEW)) / (MANY - FEW)


def _total(llvm_mca: str, core: Sequence[str], code: str, iterations: int) -> int:
    command = [llvm_mca, "-mtriple=aarch64", *core, "-mattr=+dotprod,+i8mm", f"-iterations={iterations}"]
    finished = subprocess.run(command, input=code, capture_output=True, text=True, check=False)
    total = re.search(r"Total Cycles:\s+(\d+)", finished.stdout)
    if not total:
        raise SystemExit(f"{' '.join(command)} failed:\n{finished.stderr}")
    return int(total[1])
