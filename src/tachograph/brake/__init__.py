"""A pause that others can verify: agreements, statements, witnesses, audits.

>>> import tempfile
>>> from tachograph.brake.agreement import Brake
>>> from tachograph.ledger import Ledger, kinds
>>> with Ledger.open(tempfile.mkdtemp(), create=True) as ledger:
...     _ = ledger.append([("owner", [], kinds.WorkHeld("a doubt"))])
...     Brake(ledger).ask("training").state, Brake(ledger).ask("inference").allowed
('SELF_HOLD', True)
"""
