"""What every engine of the corpus returns."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Spoken:
    """Speech at 16 kHz with what is known of it; times are seconds of `samples`, or None."""

    samples: np.ndarray
    phones: list = field(default_factory=list)  # (phone, start, end); empty when they are not known
    keywords: list = field(default_factory=list)  # (word, start, end)
    said: str = ""  # what the engine was told to say, where that is not the text

    def span(self):
        """Where the phones begin and end; None when that is not known."""
        if not self.phones or self.phones[0][1] is None:
            return None
        return self.phones[0][1], self.phones[-1][2]
