"""The exercise: seven laboratories, one agreement, every accident that it was made for.

    play(Path("exercise"), tell=print)

Registers, witnesses, publishers and followers are real processes that talk over loopback HTTP, the
ledgers and signatures are real, and so are the training trials. Sites and their meters are
simulated, and it says so. Everything stays in the folder for inspection.
"""

from tachograph.brake.exercise.cast import CAST, Lab
from tachograph.brake.exercise.play import play

__all__ = ["CAST", "Lab", "play"]
