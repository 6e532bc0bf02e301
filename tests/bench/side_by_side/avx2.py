"""The engines as a processor would run them whose widest instructions are AVX2.

Engines choose their kernels by what `cpuid` tells. In copies of their programs and libraries every `cpuid` is replaced by an
opcode that no processor knows, and no_avx512.c, loaded before them, answers it without AVX-512. Whether such an instruction
was executed all the same is seen by threads.py.
"""

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import capstone
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from .artefacts import Artefacts, run
from .settings import BENCH, CACHE

CPUID, REPLACED = b"\x0f\xa2", b"\x0f\x04"
FOLDER = CACHE / "avx2"
# Packages with libraries that compute nothing here: NVIDIA's, and what compiles for its processors.
LEFT = ("nvidia", "triton")
# How far before a candidate decoding starts: it falls into step with the code long before it arrives.
LEAD = 64
# Bytes of the longest instruction.
LONGEST = 15


class WithoutAvx512(Artefacts):
    """The same programs and model files, used as without AVX-512."""

    without_avx512 = True

    @cached_property
    def environment(self) -> dict[str, str]:
        FOLDER.mkdir(parents=True, exist_ok=True)
        shim = FOLDER / "no_avx512.so"
        run(["cc", "-O2", "-shared", "-fPIC", "-o", shim, BENCH / "side_by_side/no_avx512.c"])
        c_library = ",".join(f"-AVX512{part}" for part in ("F", "VL", "BW", "DQ", "CD"))
        return {
            "LD_PRELOAD": str(shim),
            "GLIBC_TUNABLES": f"glibc.cpu.hwcaps={c_library}",
            "PYTHONPATH": f"{BENCH}:{packages()}",
        }

    @cached_property
    def wavlm(self) -> Path:
        return replaced(super().wavlm, FOLDER / "wavlm")

    @cached_property
    def rust_peers(self) -> Path:
        return replaced(super().rust_peers, FOLDER / "rust-peers")


def packages() -> Path:
    """The installed packages, their files linked and not copied but for those in which something is replaced."""
    installed, folder = Path(sysconfig.get_path("platlib")), FOLDER / "packages"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(installed, folder, symlinks=True, copy_function=os.link)
    for library in folder.rglob("*.so*"):
        part_of = library.relative_to(folder).parts[0]
        if part_of not in LEFT and library.is_file() and not library.is_symlink():
            replaced(library, library)
    return folder


def replaced(program: Path, out: Path) -> Path:
    """Writes `program` without its `cpuid`s to `out`, which may be itself; always as a new file, since others may link to it."""
    code, mode = bytearray(program.read_bytes()), program.stat().st_mode
    found = [at for first, end in executable(program) for at in places(code, first, end)]
    for at in found:
        code[at : at + len(REPLACED)] = REPLACED
    if found or program != out:
        out.unlink(missing_ok=True)
        out.write_bytes(code)
        out.chmod(mode)
    return out


def executable(program: Path) -> list[tuple[int, int]]:
    """Where in the file code lies."""
    with program.open("rb") as file:
        return [
            (section["sh_offset"], section["sh_offset"] + section["sh_size"])
            for section in ELFFile(file).iter_sections()
            if section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR
        ]


def places(code: bytes, first: int, end: int) -> Iterator[int]:
    """Where between `first` and `end` a `cpuid` is executed: where decoding arrives from most bytes shortly before. The same two
    bytes within another instruction are stepped over from most of them. A start from which something undecodable comes first
    has no say."""
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)

    def says(start: int, at: int) -> bool | None:
        for address, size, *_ in decoder.disasm_lite(code[start : at + LONGEST], start):
            if address >= at or address + size > at:
                return address == at
        return None

    at = code.find(CPUID, first, end)
    while at >= 0:
        said = [says(start, at) for start in range(max(first, at - LEAD), at)]
        if said.count(True) > said.count(False):
            yield at
        at = code.find(CPUID, at + 1, end)
