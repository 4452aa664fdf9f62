"""A pause that others can verify: agreements, statements, witnesses, audits.

    agreed/    the agreement           said/       signed statements
    machine/   the protocol, pure      register    statements, folded into a state
    agreement  may work go on?         meter/      what work took
    logs/ heads/ witness/ wire/        publishing, cosigning, forks, HTTP
    bundle/ checks/ audit verdict      what an outsider reads, and all of it
    training/  replaying it            exercise/   all of it, played

>>> import tempfile
>>> from tachograph.brake.agreement import Brake
>>> from tachograph.ledger import Ledger, kinds
>>> with Ledger.open(tempfile.mkdtemp(), create=True) as ledger:
...     _ = ledger.append([("owner", [], kinds.WorkHeld("a doubt"))])
...     Brake(ledger).ask("training").state, Brake(ledger).ask("inference").allowed
('SELF_HOLD', True)
"""
