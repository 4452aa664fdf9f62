"""What speakers say: signed, numbered statements.

`governance` about the agreement itself, `records` about work, `statement` the envelope around both
and the proof that somebody contradicted itself, `beacon` random values that nobody chose alone.
"""
