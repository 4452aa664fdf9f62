"""A function of some project, as it was found."""


def distance(a: str, b: str) -> int:
    """The least number of letters to insert, delete or replace to turn a into b."""
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        above = row
        row = [i]
        for j, other in enumerate(b, start=1):
            cost = 0 if letter == other else 1
            row.append(min(row[j - 1] + 1, above[j] + 1, above[j - 1] + cost))
    return row[-1]
