"""Programs that attack the box they run in: `tacho box probe` runs them for real.

Each function tries one thing and returns what it got hold of, as text. It raises, or returns
nothing, where a wall held. They do no harm where nothing stops them: each stops by itself.
"""
