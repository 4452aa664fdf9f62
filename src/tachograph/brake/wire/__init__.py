"""Over HTTP, with a bound on everything.

`web` and `deadline` answer strangers, `exchange` asks them; `serve` a published log, `intake` a
register's door, `post` a statement through it, `follow` a register into one's own ledger.
"""
