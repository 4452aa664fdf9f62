"""The `agent` proposer: a model with tools, that reads, edits, runs and asks for trials.

AgentProposer(endpoint, teller, prices, AgentLimits(calls=40))
"""

from tachograph.loop.propose.agent.limits import AgentLimits
from tachograph.loop.propose.agent.proposer import AgentProposer

__all__ = ["AgentLimits", "AgentProposer"]
