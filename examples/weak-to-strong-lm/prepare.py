"""Writes prepared.npz: run once, by whoever owns the labels, where the GPU is.

    .venv/bin/python prepare.py --texts texts.jsonl --weak MODEL --strong MODEL

`texts.jsonl` has lines {"text": ..., "label": 0 or 1}: 2,000 for the weak model's training, then
8,000 that it labels for students, then those of the tests. MODEL is the folder of a sequence
classifier, or of a base model, in the format of Transformers. The strong one is copied to
.venv/share/strong.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
from student import probabilities, train
from transformers import AutoModelForSequenceClassification, AutoTokenizer

HERE = Path(__file__).parent
OWN, LABELLED, LONGEST = 2000, 8000, 256


def main():
    """Train the weak model, label with it, train the ceiling, keep what check.py needs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--weak", required=True)
    parser.add_argument("--strong", required=True)
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.texts.read_text().splitlines()]
    texts, labels = [row["text"] for row in rows], np.array([row["label"] for row in rows])
    weak = trained(options.weak, texts, labels, range(OWN))
    labelled = range(OWN, OWN + LABELLED)
    strong = trained(options.strong, texts, labels, labelled)
    tokens, lengths = encoded(options.strong, texts)
    np.savez(
        HERE / "prepared.npz",
        tokens=tokens[OWN:],
        lengths=lengths[OWN:],
        labels=labels[OWN:],
        weak=weak[OWN : OWN + LABELLED],
        weak_test=weak[OWN + LABELLED :],
        strong_test=strong[OWN + LABELLED :],
    )
    shutil.copytree(options.strong, HERE / ".venv/share/strong", dirs_exist_ok=True)


def trained(folder, texts, labels, own):
    """Probability of class 1 for all texts, by this model trained on true labels of its own."""
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=2, local_files_only=True
    ).to("cuda")
    tokens, lengths = encoded(folder, texts)
    chosen = np.array(own)
    train(model, tokens[chosen], lengths[chosen], labels[chosen], "cuda")
    return probabilities(model, tokens, lengths, "cuda")[:, 1]


def encoded(folder, texts):
    """Token ids, padded with zeros to the longest allowed, and lengths."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    found = [ids[:LONGEST] for ids in tokenizer(texts)["input_ids"]]
    tokens = np.zeros((len(found), LONGEST), dtype=np.int32)
    for row, ids in zip(tokens, found, strict=True):
        row[: len(ids)] = ids
    return tokens, np.array([len(ids) for ids in found], dtype=np.int32)


if __name__ == "__main__":
    main()
