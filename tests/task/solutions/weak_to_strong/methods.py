"""Training methods for weak-to-strong: each is the seed with some texts replaced.

`METHODS` maps a name to pairs (old text, new text); `rewrite` applies them. The seed itself is
naive fine-tuning on the weak first choices. Settings are those of the sources, or plain first
guesses made on visible draws: none was tuned to the draws that docs/reference/weak-to-strong.md
reports.
"""

Patch = tuple[str, str]

TARGETS = "    targets = np.eye(weak.shape[1])[weak.argmax(axis=1)]\n"
TRAIN = "    model = train(inputs, targets, rng)\n"
PREDICT = "def predict(inputs, weak, test):\n"
GRADIENTS = "        gradients = gradient(model, inputs[chosen], targets[chosen])\n"

SOFT: Patch = (TARGETS, "    targets = weak\n")

CONFIDENCE: Patch = (GRADIENTS, """\
        own = np.eye(targets.shape[1])[probabilities(model, inputs[chosen]).argmax(axis=1)]
        trust = 0.75 * min(1.0, step / (0.2 * STEPS))
        mixed = (1 - trust) * targets[chosen] + trust * own
        gradients = gradient(model, inputs[chosen], mixed)
""")  # fmt: skip
"""The auxiliary confidence loss: cross-entropy to the student's own hardened guesses, its weight
raised to 0.75 over the first fifth of training. C. Burns and others, "Weak-to-strong
generalization", arXiv:2312.09390 (2023), section 4.3 and appendix A.4."""

GRAPH = '''\
def propagate(points, labels, neighbours=10, reach=0.99):
    """Spread labels over the graph of nearest neighbours; rows of zeros are unlabelled."""
    apart = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    near = np.argsort(apart, axis=1)[:, :neighbours]
    rows = np.arange(len(points))[:, None]
    ties = np.zeros_like(apart)
    ties[rows, near] = np.exp(-apart[rows, near] / apart[rows, near].mean())
    ties = (ties + ties.T) / 2
    size = np.sqrt(ties.sum(axis=1))
    spread = np.linalg.solve(np.eye(len(points)) - reach * ties / size[:, None] / size, labels)
    return spread / spread.sum(axis=0)


'''
"""Label propagation: D. Zhou and others, "Learning with local and global consistency" (2004). Each
class gets the same weight in all, which corrects a supervisor that likes one class too much."""

METHODS: dict[str, list[Patch]] = {
    "naive fine-tuning": [],
    "soft labels": [SOFT],
    "confidence loss": [CONFIDENCE],
    "confidence loss, soft labels": [SOFT, CONFIDENCE],
    "filtering": [
        (TRAIN, """\
    sure = weak.max(axis=1)
    kept = sure >= np.median(sure)
    model = train(inputs[kept], targets[kept], rng)
"""),
    ],
    "bootstrapping": [
        (TRAIN, """\
    for hidden in (8, 16, 32):
        targets = probabilities(train(inputs, targets, rng, hidden), inputs)
    model = train(inputs, targets, rng)
"""),
    ],
    "early stopping": [("STEPS = 200\n", "STEPS = 60\n")],
    "linear student": [
        (PREDICT, PREDICT + """\
    given, asked = (np.c_[each, np.ones(len(each))] for each in (inputs, test))
    weights = np.linalg.solve(given.T @ given + 10 * np.eye(given.shape[1]), given.T @ weak)
    return (asked @ weights).argmax(axis=1)


def by_gradient(inputs, weak, test):
"""),
    ],
    "label propagation": [
        (PREDICT, GRAPH + PREDICT),
        (TARGETS, "    targets = np.eye(weak.shape[1])[propagate(inputs, weak).argmax(axis=1)]\n"),
    ],
    "label propagation, test images too": [
        (PREDICT, GRAPH + PREDICT + """\
    labels = np.concatenate([weak, np.zeros((len(test), weak.shape[1]))])
    return propagate(np.concatenate([inputs, test]), labels)[len(inputs) :].argmax(axis=1)


def by_gradient(inputs, weak, test):
"""),
    ],
}  # fmt: skip


def rewrite(seed: str, patches: list[Patch]) -> str:
    """The seed with each old text, which must occur once, replaced."""
    for old, new in patches:
        assert seed.count(old) == 1, old
        seed = seed.replace(old, new)
    return seed
