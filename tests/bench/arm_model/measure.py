"""What the program does on a core: instructions counted under emulation, cycles of the tiles modelled."""

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import a53, mca
from .boards import Core
from .program import Executions, Loop, Program

REPOSITORY = Path(__file__).resolve().parents[3]
COUNT = REPOSITORY / "tests/instructions/count"
RECORDING = REPOSITORY / "models/samples/sentence-a.wav"
#: What is listened for.
KEYWORDS = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"]
PHRASES = ["hey computer", "okay robot", "hello jarvis", "hey butler", "good morning marvin", "hey sebastian",
           "benjamin franklin", "snow white", "open the garage", "lock the door", "start the dishwasher",
           "dim the bedroom lamp", "close the curtains", "feed the cat", "next song please", "call my sister",
           "emergency shutdown", "take a picture", "play some music", "water the garden"]
#: Seconds of listening: what the longer run executes more than the shorter one is what listening costs.
LISTENED = (2, 7)
#: Of a WAV file; what follows are samples, which the program takes to be 16 kHz when they come on stdin.
HEADER_BYTES = 44
BYTES_PER_SECOND = 32000


@dataclass
class Tile:
    """A tile's function on a core."""

    name: str
    #: Its loop with the most products.
    loop: Loop
    #: Modelled cycles of one iteration of that loop.
    cycles: float
    #: Products of all its loops, executed.
    products: int

    @property
    def rate(self) -> float:
        """Modelled products per cycle of the loop."""
        return self.loop.products / self.cycles


@dataclass
class Run:
    """Work on a core: an inference, from the program's start to its exit, or a second of listening."""

    core: Core
    table: str
    instructions: int
    #: Executed instructions in the tiles' loops, and the cycles that these are modelled to take.
    tile_instructions: int
    tile_cycles: float
    tiles: list[Tile]

    @property
    def other_instructions(self) -> int:
        """Executed instructions outside the tiles' loops."""
        return self.instructions - self.tile_instructions

    def milliseconds(self, ghz: float) -> tuple[float, float]:
        """Modelled time in the tiles' loops and outside them."""
        return self.tile_cycles / ghz / 1e6, self.other_instructions / self.core.other_ipc / ghz / 1e6


class Bench:
    """The program under test, its model, and the tools."""

    def __init__(self, program: str, model: str, objdump: str, llvm_mca: str) -> None:
        self._path, self._model, self._llvm_mca = program, model, llvm_mca
        self.program = Program(program, objdump)
        self._counted: dict[tuple[str, str, float], Executions] = {}

    def run(self, core: Core, seconds: float) -> Run:
        """Counts and models an inference of so much sound."""
        table = self._table(core)
        return self._modelled(core, table, self.executions(core.emulated, table, seconds))

    def listen(self, core: Core, words: str | None = None) -> Run:
        """Counts and models a second of listening with the built-in model, to speech without a pause; for its keywords, or for
        what a file of words says."""
        table = self._table(core)
        command = [self._path, "listen", "--no-gate", "--file", "-", *(["--words", words] if words else [])]
        short, long = (self._count(core.emulated, table, seconds, command) for seconds in LISTENED)
        long.less(short, LISTENED[1] - LISTENED[0])
        return self._modelled(core, table, long)

    def book(self, folder: str) -> str:
        """A file of words in this folder: the model's keywords, and the phrases."""
        path = f"{folder}/words.toml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"keywords = {json.dumps(KEYWORDS)}\n")
        for phrase in PHRASES:
            command = ["qemu-aarch64", self._path, "words", "add", phrase, "--file", path]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return path

    def _modelled(self, core: Core, table: str, executions: Executions) -> Run:
        run = Run(core, table, executions.total, 0, 0.0, [])
        for function in self.program.tiles:
            # An iteration ends with its branch.
            loops = [(loop, executions.at(loop.branch)) for loop in function.loops()]
            products = sum(loop.products * iterations for loop, iterations in loops)
            if not products:
                continue
            largest, _ = max(loops, key=lambda each: (each[0].products, each[1]))
            tile = next((tile for tile in run.tiles if tile.name == function.name), None)
            if tile:  # another instance of a generic function
                tile.products += products
            else:
                run.tiles.append(Tile(function.name, largest, self._cycles(core, largest), products))
            run.tile_instructions += sum(executions.within(loop) for loop, _ in loops)
            run.tile_cycles += sum(self._cycles(core, loop) * times for loop, times in loops if times)
        run.tiles.sort(key=lambda tile: -tile.products)
        return run

    def executions(self, emulated: str, table: str, seconds: float) -> Executions:
        """Counts an inference of so much sound on an emulated CPU; once, whatever cores it stands for."""
        key = (emulated, table, seconds)
        if key not in self._counted:
            with tempfile.TemporaryDirectory() as folder:
                infer = [self._path, "infer", "--model", self._model, "--output", f"{folder}/out.safetensors", "-"]
                self._counted[key] = self._count(emulated, table, seconds, infer)
        return self._counted[key]

    def _count(self, emulated: str, table: str, seconds: float, command: list[str]) -> Executions:
        """Counts what a program executes that reads so much speech from stdin."""
        speech = RECORDING.read_bytes()[HEADER_BYTES:]
        size = round(seconds * BYTES_PER_SECOND)
        sound = (speech * (size // len(speech) + 1))[:size]
        with tempfile.NamedTemporaryFile() as listing:
            # Status 1: no word was heard.
            done = subprocess.run([COUNT, "aarch64", emulated, listing.name, *command], input=sound, check=False,
                                  env=os.environ | {"WAVLM_KERNEL": table}, stdout=subprocess.DEVNULL)
            if done.returncode not in (0, 1):
                raise SystemExit(f"{' '.join(command)}: ended with status {done.returncode}")
            return Executions(listing.name)

    def _table(self, core: Core) -> str:
        """The best kernel table that the program has for a core."""
        command = ["qemu-aarch64", "-cpu", core.emulated, self._path, "doctor", "--json"]
        tables: list[str] = json.loads(subprocess.check_output(command))["kernels"]
        return next(table for table in core.tables if table in tables)

    def _cycles(self, core: Core, loop: Loop) -> float:
        if core.mca:
            return mca.cycles(self._llvm_mca, core.mca, loop.instructions)
        return a53.cycles(loop.instructions)
