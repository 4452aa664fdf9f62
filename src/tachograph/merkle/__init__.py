"""Merkle trees, signed notes, checkpoints and tiles: pure functions, no disk and no clock.

>>> from tachograph.merkle.levels import Levels
>>> from tachograph.merkle.tree import check_inclusion, leaf_hash, prove_inclusion
>>> levels = Levels()
>>> levels.extend([b"first", b"second", b"third"])
>>> proof = prove_inclusion(1, 3, levels.read)
>>> check_inclusion(leaf=leaf_hash(b"second"), index=1, size=3, proof=proof, root=levels.root())
"""

from tachograph.merkle import checkpoint, ed25519, levels, note, proof, tile, tree

__all__ = ["checkpoint", "ed25519", "levels", "note", "proof", "tile", "tree"]
