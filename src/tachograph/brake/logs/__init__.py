"""Ledgers as published logs (C2SP tlog-tiles).

`publish` and `tile_writer` write one, `redact` and `commitment` keep bodies home, `host` says which
log of a ledger leaves the house; `source`, `http_source`, `fetch` and `mirror` read another's.
"""
