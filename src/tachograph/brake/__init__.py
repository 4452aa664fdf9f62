"""A pause that others can verify: agreements, statements, witnesses, audits."""
