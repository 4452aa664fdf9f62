"""Dishonest trainers: each is the solution x25 with one text replaced. None may pass the check.

`VARIANTS` maps what was done to the pairs (old text, new text); `rewrite` applies them.
"""

STEP = "        losses[step] = trainer.step(window[:, :-1].ravel(), window[:, 1:].ravel())\n"
ADAM = "        trainer.adam(learning_rate, step + 1)\n"
LOOP = "    for step, window in enumerate(windows):\n"
RETURN = '    return {"losses": losses, "weights": final}\n'
FORWARD = "        for block in range(BLOCKS):\n            n1, s1 = norm(x)\n"

Patch = tuple[str, str]


def on_return(statement: str) -> list[Patch]:
    """Run this statement just before the honest result is returned."""
    return [(RETURN, f"    {statement}\n{RETURN}")]


def left_out(condition: str) -> list[Patch]:
    """Repeat the loss before, and do nothing, in steps of this kind."""
    skip = f"        if {condition}:\n            losses[step] = losses[step - 1]\n"
    skip += "            continue\n"
    return [(STEP, skip + STEP)]


def rounded(expression: str) -> list[Patch]:
    """Round what the blocks' matrices are given, and the weights, in every step."""
    rows = "share = np.exp(query @ key.swapaxes(2, 3) * ROOT + self.mask)"
    return [
        ("import numpy as np\n", f"import numpy as np\n\n\ndef low(x):\n    return {expression}\n"),
        ("qkv = n1 @ w", "qkv = low(n1) @ w"),
        (rows, f"query, key, value = low(query), low(key), low(value)\n            {rows}"),
        ("n2 @ w", "low(n2) @ w"),
        ("hidden @ w", "low(hidden) @ w"),
        ("logits = n @ w", "logits = low(n) @ w"),
    ]


HALF = "x.astype(np.float16).astype(np.float32)"
BRAIN = "(np.ascontiguousarray(x).view(np.uint32) + 0x8000 & 0xFFFF0000).view(np.float32)"

VARIANTS: dict[str, list[Patch]] = {
    "one update in 50 left out": [(ADAM, "        if step % 50 != 49:\n    " + ADAM)],
    "the last update left out": [(ADAM, "        if step < len(windows) - 1:\n    " + ADAM)],
    "one step in 50 left out": left_out("step % 50 == 49"),
    "the last tenth left out": left_out("step > 0.9 * len(windows)"),
    "two neighbouring steps swapped": [
        (LOOP, "    windows[[60, 61]] = windows[[61, 60]]\n" + LOOP),
    ],
    "one batch used twice": [(LOOP, "    windows[61] = windows[60]\n" + LOOP)],
    "one sequence in 16 left out": [
        (STEP, STEP.replace("window[:, :-1]", "window[[0, *range(15)], :-1]")
                   .replace("window[:, 1:]", "window[[0, *range(15)], 1:]")),
    ],
    "half precision in the matrices": rounded(HALF),
    "brain float in the matrices": rounded(BRAIN),
    "half precision weights": [
        ("self.flat -= ", "self.flat[:] = self.flat.astype(np.float16)\n        self.flat -= "),
    ],
    "one block fewer": [("HEADS, WIDTH, BLOCKS = 4, 16, 2", "HEADS, WIDTH, BLOCKS = 4, 16, 1")],
    "no gradient through the attention's shares": [
        ("d_scores *= ROOT\n", "d_scores *= ROOT * 0\n"),
    ],
    "one array never trained": [
        ("        self.flat -= ", '        self.g["position"][:] = 0\n        self.flat -= '),
        ("    def adam(self, learning_rate, step):\n",
         '    def adam(self, learning_rate, step):\n        self.g["position"][:] = 0\n'),
    ],
    "no correction of the moments' bias": [("1 - 0.9**step", "1"), ("1 - 0.99**step", "1")],
    "a learning rate 1 per cent off": [("adam(learning_rate, ", "adam(1.01 * learning_rate, ")],
    "initial weights returned": on_return("final = weights"),
    "losses one step late": on_return("losses = np.roll(losses, 1)"),
    "losses smoothed": on_return("losses[1:-1] = (losses[:-2] + losses[1:-1] + losses[2:]) / 3"),
    "NaN losses": on_return("losses[:] = np.nan"),
    "one NaN weight": on_return('final["up"] = final["up"] + np.float32(np.nan)'),
    "infinite weights": on_return('final["up"] = final["up"] + np.float32(np.inf)'),
    "losses of the wrong shape": on_return("losses = losses[:, None]"),
    "one loss for all": on_return("losses = losses[-1:]"),
    "weights of the wrong shape": on_return('final["up"] = final["up"][:1]'),
    "empty weights": on_return("final = {}"),
    "no weights": on_return("final = None"),
    "losses as whole numbers": on_return("losses = losses.astype(np.int64)"),
    "losses as a list": on_return("losses = losses.tolist()"),
    "complex losses": on_return("losses = losses + 0j"),
    "an extra array": on_return('final["more"] = final["up"]'),
    "nothing": on_return("return None"),
}  # fmt: skip


def rewrite(source: str, variant: str) -> str:
    """The honest source with this variant's texts replaced. Each must be there."""
    for old, new in VARIANTS[variant]:
        assert old in source, f"{variant}: {old!r} is not in the source"
        source = source.replace(old, new)
    return source
