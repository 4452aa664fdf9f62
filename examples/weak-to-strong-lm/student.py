"""A student that copies its weak supervisor: one epoch of AdamW on the weak first choices."""

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification

BATCH = 32
RATE = 1e-5
WARM_UP = 0.1


def predict(tokens, lengths, weak, test_tokens, test_lengths, model):
    """Fine-tune on weak labels, then classify the test."""
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    student = AutoModelForSequenceClassification.from_pretrained(
        model, num_labels=2, local_files_only=True
    ).to(device)
    train(student, tokens, lengths, (weak > 0.5).astype(np.int64), device)
    return probabilities(student, test_tokens, test_lengths, device).argmax(axis=1)


def train(student, tokens, lengths, targets, device):
    """Cross-entropy to `targets`, in one order drawn once, the rate falling to 0."""
    steps = len(tokens) // BATCH
    optimizer = torch.optim.AdamW(student.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (WARM_UP * steps + 1), 1 - step / (steps + 1))
    )
    order = np.random.default_rng(0).permutation(len(tokens))
    student.train()
    for step in range(steps):
        chosen = order[step * BATCH : (step + 1) * BATCH]
        with torch.autocast(device, dtype=torch.bfloat16):
            logits = student(**batch(tokens, lengths, chosen, device)).logits
        wanted = torch.as_tensor(targets[chosen], device=device)
        loss = torch.nn.functional.cross_entropy(logits.float(), wanted)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)


def batch(tokens, lengths, chosen, device):
    """The chosen texts, cut to the longest of them."""
    longest = int(lengths[chosen].max())
    ids = torch.as_tensor(tokens[chosen, :longest].astype(np.int64), device=device)
    places = torch.arange(longest, device=device)
    mask = places[None] < torch.as_tensor(lengths[chosen], device=device)[:, None]
    return {"input_ids": ids, "attention_mask": mask.long()}


@torch.no_grad()
def probabilities(student, tokens, lengths, device):
    """(n, 2)."""
    student.eval()
    found = []
    for start in range(0, len(tokens), BATCH):
        chosen = np.arange(start, min(start + BATCH, len(tokens)))
        logits = student(**batch(tokens, lengths, chosen, device)).logits
        found.append(torch.softmax(logits.float(), dim=1).cpu().numpy())
    return np.concatenate(found)
