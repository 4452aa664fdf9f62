"""What an audit reads: a folder, opened once, within limits, and never written.

`bundle` is all that a check gets to see; `folder`, `log_copy`, `posted`, `replayed`, `evidence` and
`spans` are how it is read. `gather` makes one, and is not of the verifier.
"""
