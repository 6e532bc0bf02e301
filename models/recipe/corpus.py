"""thin stand-in"""
import json
import numpy as np
from .settings import CACHE
import os
from pathlib import Path
SPEECH = Path(os.environ.get("WAVLM_SPEECH") or CACHE / "speech")
def clips(split):
    for index in sorted((SPEECH / "shards").glob("*.jsonl")):
        samples = np.memmap(index.with_suffix(".i16"), "<i2", "r") if index.with_suffix(".i16").stat().st_size else None
        for line in index.open():
            row = json.loads(line)
            if row["split"] == split:
                yield samples[row["start"]:row["start"]+row["length"]], row
