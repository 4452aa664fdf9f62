"""Tachograph inside Inspect AI: a sandbox that needs no Docker, tasks, and runs as Inspect logs.

    inspect eval my_eval.py --sandbox tachograph
    inspect eval tachograph/char-lm --model openai/gpt-5.6
    tacho export last --inspect run.eval && inspect view --log-dir .

Inspect finds `registry` by the entry point `inspect_ai` and imports it; nothing else of Tachograph
imports this folder but the verb `export`, because Inspect takes two seconds to import. It is the
optional extra `models`. Guide: docs/guides/use-with-inspect.md.
"""

__all__: list[str] = []
