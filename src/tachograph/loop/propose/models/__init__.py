"""Asking models: any that Inspect AI reaches, and any OpenAI-compatible server of one's own.

    teller = Teller(ledger_folder)
    endpoint = Endpoint("openai-api/local/qwen3", base_url="http://127.0.0.1:8080/v1")
    teller.open(endpoint)                       # a wrong name or a missing key is said here
    asking = Asking(desk, teller, endpoint, read_prices(Path("prices.toml")))
    answered = asking.ask(Call(messages=(Message("user", "hello"),)))
    answered.message.text                       # in the ledger by now
    asking.ask(Call((*answered.conversation, Message("user", "go on"))))

Design, and what happens at each moment of a crash: docs/concepts/models.md.
"""

from tachograph.loop.propose.models.asking import Answered, Asking
from tachograph.loop.propose.models.call import Call, Message, Tool
from tachograph.loop.propose.models.prices import Prices
from tachograph.loop.propose.models.teller import Endpoint, Teller

__all__ = ["Answered", "Asking", "Call", "Endpoint", "Message", "Prices", "Teller", "Tool"]
