"""PURE: the metadata of a Llama GGUF file, as the JSON files of an MLX model folder.

Key names are those of the GGUF specification; the shapes of the results are those of a Hugging Face
model folder (config.json, tokenizer.json, tokenizer_config.json).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CONTROL_TOKEN = 3
"""The token type of special tokens in `tokenizer.ggml.token_type`."""

BLOCK_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
TOP_NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}


@dataclass(frozen=True)
class Heads:
    """Attention heads: their number and the number of key-value heads they share."""

    queries: int
    keys: int


def heads(metadata: Mapping[str, Any]) -> Heads:
    """The attention heads the file declares."""
    queries = int(metadata["llama.attention.head_count"])
    return Heads(queries, int(metadata.get("llama.attention.head_count_kv", queries)))


def weight_name(name: str) -> str:
    """`blk.3.attn_q.weight` -> `model.layers.3.self_attn.q_proj.weight`. KeyError if unknown."""
    parts = name.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{BLOCK_NAMES[parts[2]]}.{parts[3]}"
    return f"{TOP_NAMES[parts[0]]}.{parts[1]}"


def permuted_heads(name: str, count: Heads) -> int | None:
    """How many heads the rows of this tensor are permuted by; None when they are in order.

    GGUF pairs the two halves of each rotary head row by row; Hugging Face keeps the halves apart.
    """
    layer = name.split(".")[2] if name.startswith("blk.") else ""
    return {"attn_q": count.queries, "attn_k": count.keys}.get(layer)


def model_config(metadata: Mapping[str, Any], *, tied: bool, dtype: str) -> dict[str, Any]:
    """config.json. `tied`: whether the output layer shares the embedding's weights."""
    count = heads(metadata)
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": int(metadata["llama.embedding_length"]),
        "num_hidden_layers": int(metadata["llama.block_count"]),
        "intermediate_size": int(metadata["llama.feed_forward_length"]),
        "num_attention_heads": count.queries,
        "num_key_value_heads": count.keys,
        "rms_norm_eps": round(float(metadata["llama.attention.layer_norm_rms_epsilon"]), 9),
        "rope_theta": float(metadata["llama.rope.freq_base"]),
        "max_position_embeddings": int(metadata["llama.context_length"]),
        "vocab_size": int(metadata["llama.vocab_size"]),
        "tie_word_embeddings": tied,
        "bos_token_id": int(metadata["tokenizer.ggml.bos_token_id"]),
        "eos_token_id": int(metadata["tokenizer.ggml.eos_token_id"]),
        "torch_dtype": dtype,
    }


def tokenizer_json(
    tokens: Sequence[str], merges: Sequence[str], types: Sequence[int]
) -> dict[str, Any]:
    """tokenizer.json of a byte-level BPE that splits digits one by one (GGUF's `smollm`)."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    added = [
        {
            "id": index,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for index, (token, kind) in enumerate(zip(tokens, types, strict=True))
        if kind == CONTROL_TOKEN
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": True},
                {**byte_level, "use_regex": True},
            ],
        },
        "post_processor": None,
        "decoder": {**byte_level, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": list(merges),
        },
    }


def tokenizer_config(metadata: Mapping[str, Any], tokens: Sequence[str]) -> dict[str, Any]:
    """tokenizer_config.json, the chat template included."""

    def token(kind: str) -> str:
        return tokens[int(metadata[f"tokenizer.ggml.{kind}_token_id"])]

    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": token("bos"),
        "eos_token": token("eos"),
        "pad_token": token("padding"),
        "unk_token": token("unknown"),
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": int(metadata["llama.context_length"]),
        "chat_template": metadata["tokenizer.chat_template"],
    }


def generation_config() -> dict[str, Any]:
    """generation_config.json: the sampling this model's authors recommend, for who asks none."""
    return {"do_sample": True, "temperature": 0.2, "top_p": 0.9}
