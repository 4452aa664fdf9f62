"""Signed heads of logs, and what others make of them.

`cosignature` a witness's word, `policy` which witnesses are enough, `signed_heads` the heads that
an audit knows, `fork` the proof of two histories that a stranger checks with public keys alone.
"""
