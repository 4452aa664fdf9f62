"""What an agent finds in its workspace: `tacho`, which asks the judge, by words or by MCP.

Standard library only, for any Python from 3.9 on: it runs where Tachograph cannot be seen. Nothing
here is trusted: an agent that changes its own copy deceives nobody but itself.
"""
