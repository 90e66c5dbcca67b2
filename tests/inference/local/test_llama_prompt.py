"""A bound on the tokens of a prompt, told without writing it out."""

from inference.local.llama_prompt import most_of_chat, most_of_text


def test_it_works() -> None:
    short = most_of_chat({"messages": [{"role": "user", "content": "ping"}]})
    longer = most_of_chat({"messages": [{"role": "user", "content": "ping" * 100}]})
    assert short is not None
    assert longer is not None
    assert longer - short == 396
    assert most_of_text("é") == 3


def test_what_a_template_or_a_projector_decides_is_not_guessed() -> None:
    message = {"role": "user", "content": "ping"}
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    assert most_of_chat({"messages": [message], "tools": [{}]}) is None
    assert most_of_chat({"messages": [picture]}) is None
    assert most_of_chat({"messages": [message, call]}) is None
