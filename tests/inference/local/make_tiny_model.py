"""Trains the tiny test model: `python -m tests.inference.local.make_tiny_model`.

The answers in `tiny_model.py` are learnt by heart, from every kind of conversation the chat
template can render around them, so that greedy output is the same on every machine. Takes ten
minutes on two busy cores; run it again only when the answers change.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
from mlx.nn.losses import cross_entropy
from mlx.nn.utils import value_and_grad
from mlx.utils import tree_flatten
from mlx_lm.models.llama import Model, ModelArgs
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast

from tests.inference.local import tiny_model as tiny

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
PAD, EOS = 0, 2
STEPS = 1500
BATCH = 12
LENGTH = 320

CHAT_TEMPLATE = """\
{%- if tools %}
{{- '<|im_start|>tools\\n' }}
{%- for tool in tools %}{{- tool.function.name + '\\n' }}{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content }}
{%- for tool_call in message.tool_calls or [] %}
{%- if tool_call.function %}{%- set tool_call = tool_call.function %}{%- endif %}
{{- '<tool_call>\\n{"name": "' + tool_call.name + '", "arguments": ' }}
{{- tool_call.arguments | tojson }}{{- '}\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""

CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "max_position_embeddings": tiny.CONTEXT_LENGTH,
    "tie_word_embeddings": True,
    "bos_token_id": 1,
    "eos_token_id": EOS,
    "torch_dtype": "float32",
}


def call_text(name: str, arguments: dict[str, Any]) -> str:
    """What the model writes to call a tool, in the form the chat template shows it."""
    return f'<tool_call>\n{{"name": "{name}", "arguments": {json.dumps(arguments)}}}\n</tool_call>'


WEATHER_TEXT = "".join(call_text(*call) for call in tiny.WEATHER_CALLS)
TWO_CITIES_TEXT = tiny.TWO_CITIES_TEXT + "".join(call_text(*c) for c in tiny.TWO_CITIES_CALLS)


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE whose merges come from ASCII text alone: the rest stays single bytes."""
    texts = [text for case in tiny.CASES for text in (case.prompt, case.answer)]
    texts += [tiny.WEATHER_PROMPT, tiny.TWO_CITIES_PROMPT, WEATHER_TEXT, TWO_CITIES_TEXT]
    texts += [tiny.WEATHER_RESULT, tiny.WEATHER_AFTER_RESULT, tiny.WEATHER_WITHOUT_TOOLS]
    texts += [tiny.ENDLESS_PROMPT, tiny.ENDLESS_UNIT * 4, "system\nuser\nassistant\ntool\ntools\n"]
    texts += [tiny.COMPLETION.prompt + tiny.COMPLETION.answer]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=400,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    ascii_only = ["".join(c for c in text if ord(c) < 128) for text in texts]
    tokenizer.train_from_iterator(ascii_only, trainer)
    make_fast: Any = PreTrainedTokenizerFast
    fast: PreTrainedTokenizerFast = make_fast(
        tokenizer_object=tokenizer,
        bos_token=SPECIAL[1],
        eos_token=SPECIAL[2],
        pad_token=SPECIAL[0],
        model_max_length=tiny.CONTEXT_LENGTH,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def words(rng: random.Random, count: int) -> str:
    """Some text without meaning."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return " ".join("".join(rng.choices(letters, k=rng.randint(1, 7))) for _ in range(count))


def conversation(rng: random.Random, tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], int]:
    """Tokens of one conversation, and where its last answer begins: only that is learnt."""
    if rng.random() < 0.05:
        case = tiny.COMPLETION
        start = tokenizer.encode(case.prompt)
        return start + tokenizer.encode(case.answer) + [EOS], len(start)
    with_tools = rng.random() < 0.4
    names = ["get_weather"] + [words(rng, 1) for _ in range(rng.randint(0, 3))]
    rng.shuffle(names)
    tools: list[Any] = [{"type": "function", "function": {"name": name}} for name in names]
    weather = WEATHER_TEXT if with_tools else tiny.WEATHER_WITHOUT_TOOLS
    two = TWO_CITIES_TEXT if with_tools else tiny.WEATHER_WITHOUT_TOOLS
    asks = [(case.prompt, case.answer) for case in tiny.CASES]
    asks += [(tiny.WEATHER_PROMPT, weather), (tiny.TWO_CITIES_PROMPT, two)]
    asks += [(tiny.ENDLESS_PROMPT, tiny.ENDLESS_UNIT * rng.randint(1, 60))]
    messages: list[dict[str, Any]] = []
    if rng.random() < 0.4:
        messages.append({"role": "system", "content": words(rng, rng.randint(0, 12))})
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        prompt, answer = rng.choice(asks[:-1])
        if rng.random() < 0.3:
            prompt, answer = words(rng, rng.randint(1, 12)), words(rng, rng.randint(1, 8))
        messages.append({"role": "user", "content": prompt})
        messages.append({"role": "assistant", "content": answer})
    prompt, answer = rng.choice(asks)
    messages.append({"role": "user", "content": prompt})
    if with_tools and rng.random() < 0.25:
        called = {"name": "get_weather", "arguments": {"city": "Paris"}}
        messages[-1]["content"], answer = tiny.WEATHER_PROMPT, tiny.WEATHER_AFTER_RESULT
        messages.append({"role": "assistant", "content": "", "tool_calls": [called]})
        messages.append({"role": "tool", "content": tiny.WEATHER_RESULT})
    text = tokenizer.apply_chat_template(
        messages, tools=tools if with_tools else None, tokenize=False, add_generation_prompt=True
    )
    start = tokenizer.encode(text)
    end = [] if prompt == tiny.ENDLESS_PROMPT and answer.startswith("tick") else [EOS]
    return start + tokenizer.encode(answer) + end, len(start)


def make_batch(
    rng: random.Random, tokenizer: PreTrainedTokenizerFast
) -> tuple[mx.array, mx.array, mx.array]:
    """Inputs, the tokens that follow them, and which of those count."""
    rows: list[list[int]] = []
    masks: list[list[float]] = []
    while len(rows) < BATCH:
        tokens, start = conversation(rng, tokenizer)
        if len(tokens) > LENGTH + 1:
            continue
        padding = LENGTH + 1 - len(tokens)
        rows.append(tokens + [PAD] * padding)
        masks.append([float(start <= i + 1 < len(tokens)) for i in range(LENGTH)])
    batch = mx.array(rows)
    return batch[:, :-1], batch[:, 1:], mx.array(masks)


def train(model: Model, tokenizer: PreTrainedTokenizerFast) -> None:
    """Learn the answers by heart, in place."""
    rng = random.Random(7)
    schedule = optim.join_schedules(
        [optim.linear_schedule(0, 6e-3, 50), optim.cosine_decay(6e-3, STEPS - 50, 1e-4)], [50]
    )
    optimizer = optim.AdamW(schedule, weight_decay=0.01, betas=[0.9, 0.98])

    def loss(model: Model, inputs: mx.array, targets: mx.array, mask: mx.array) -> mx.array:
        losses = cross_entropy(model(inputs), targets)
        return (losses * mask).sum() / mask.sum()

    step = value_and_grad(model, loss)
    for i in range(STEPS):
        value, gradients = step(model, *make_batch(rng, tokenizer))
        optimizer.update(model, gradients)
        mx.eval(model.parameters(), optimizer.state)
        if i % 100 == 0 or i == STEPS - 1:
            sys.stderr.write(f"step {i}: loss {value.item():.4f}\n")


def main(folder: Path) -> None:
    """Train and write the model folder."""
    mx.random.seed(7)
    tokenizer = make_tokenizer()
    config = {**CONFIG, "vocab_size": len(tokenizer)}
    arguments: Any = ModelArgs
    model = Model(arguments.from_dict(config))
    mx.eval(model.parameters())
    train(model, tokenizer)
    folder.mkdir(exist_ok=True)
    tokenizer.save_pretrained(folder)
    weights = dict(tree_flatten(model.parameters()))
    mx.save_safetensors(str(folder / "model.safetensors"), weights, {"format": "mlx"})
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "generation_config.json").write_text('{"do_sample": false}\n')


if __name__ == "__main__":
    main(tiny.PATH)
