"""Cohere, by its compatibility API. Source: "Using Cohere models via the OpenAI SDK"."""

from urllib.parse import urlsplit

from governance.kinds.compatible import CHAT, cloud
from governance.kinds.kind import Probe, joined
from governance.kinds.model_rules import Fix, ModelRule

_IGNORED = ("store", "metadata", "logit_bias", "prediction", "service_tier", "parallel_tool_calls")


def models_base(base_url: str) -> str:
    """Models are listed by its own API alone."""
    url = urlsplit(base_url)
    return f"{url.scheme}://{url.netloc}/v1"


def address(base_path: str, query: str, path: str, model: str) -> str:
    """Rankings are not part of its compatibility API. Source: its API reference, "Rerank"."""
    if path == "/rerank" and base_path.endswith("/compatibility/v1"):
        base_path = base_path.removesuffix("/compatibility/v1") + "/v2"
    return joined(base_path, query, path, model)


KIND = cloud(
    "cohere",
    "Cohere",
    "https://api.cohere.ai/compatibility/v1",
    request_types=CHAT | {"embeddings", "rerank"},
    address=address,
    price_seller="cohere",
    probe=Probe(
        models_path="/models?page_size=1000",
        models_base=models_base,
        models_field="models",
        model_name="name",
    ),
    model_rules=(ModelRule(r"", tuple(Fix("drop", name) for name in _IGNORED)),),
)
