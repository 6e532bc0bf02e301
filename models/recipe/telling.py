"""When long work should say how far it has come, or save what it has."""

import time


class Every:
    """Is due whenever so many seconds have passed since it was due last."""

    def __init__(self, seconds):
        self.seconds, self.last = seconds, time.time()

    def is_due(self):
        """Whether it is; then it is not for a while."""
        if time.time() - self.last < self.seconds:
            return False
        self.last = time.time()
        return True
