"""The agreement: what was agreed, as a text that everybody signs.

`terms` the frozen values, `text` strict TOML to terms, `quorum` the arithmetic that an agreement
must pass, `document` the signed note, `template` a first draft, `described` what it means in words.
"""
