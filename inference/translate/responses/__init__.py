"""OpenAI's Responses API, which callers speak.

Most servers that speak OpenAI's protocol know no `/responses`, so chat completions are how all are
spoken to.
"""
