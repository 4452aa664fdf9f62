"""The process that asks models, for all seats of a run: `python -m ...models.inside FOLDER`.

It alone imports Inspect AI (a second or more, and 100 MB), so neither that nor the work of a
provider's client ever holds the interpreter that judges. It reads calls from its standard input and
writes what they came to on its standard output (frames.py). It ends when its input does, once the
calls that are under way have come to something and lie in the spool.
"""
