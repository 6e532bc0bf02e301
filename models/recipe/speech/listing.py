"""What the corpus holds so far, as a table."""

from ..corpus import Corpus
from ..settings import SPEECH

LINE = "{:<6} {:<9} {:<9} {:>8} {:>8} {:>7}"


def lines(corpus):
    """A line for each split, engine and kind, and one for each split."""
    yield LINE.format("split", "engine", "kind", "clips", "hours", "voices")
    for split in ("train", "dev", "test"):
        own = corpus.where(split=split)
        for engine, kind in sorted({(row.engine, row.kind) for row in own}):
            part = own.where(engine=engine, kind=kind)
            yield LINE.format(split, engine, kind, len(part), f"{part.hours:.2f}", len(part.voices))
        yield LINE.format(split, "", "all", len(own), f"{own.hours:.2f}", len(own.voices))


def show():
    """Prints it."""
    print(SPEECH)
    for line in lines(Corpus.load()):
        print(line)
