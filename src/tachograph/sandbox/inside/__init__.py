"""What runs on the box's side: the warm zygote, the walls, and the child that loads a candidate.

Standard library only, for any Python from 3.9 on: it runs in the task's own interpreter, where
Tachograph need not be installed. Nothing here is trusted once a candidate is loaded.
"""
