"""Adding a metric is adding one file: a toy one that counts the longest answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.collector import telemetry
from gateway.collector.record_metrics import RECORD_METRICS, count
from gateway.collector.record_metrics.record_metric import registry
from inference.record.describe import describe
from inference.values.usage import Usage
from tests.governance.interactions.request_contexts import request_context

TOY = '''
"""Answers of more than a thousand tokens."""

from prometheus_client import Counter

from gateway.collector.record_metrics.record_metric import RecordMetric, registry

LONG = Counter("toy_long_answers", "Long answers.", ("provider",), registry=registry)


def count(record):
    if record.usage is not None and (record.usage.completion or 0) > 1000:
        LONG.labels(record.provider).inc()


METRIC = RecordMetric("long_answers", "Long answers", count)
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "toy_metrics").mkdir()
    (tmp_path / "toy_metrics" / "__init__.py").touch()
    (tmp_path / "toy_metrics" / "long_answers.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    RECORD_METRICS.discover("toy_metrics")
    yield
    RECORD_METRICS.unregister("long_answers")
    registry.unregister(sys.modules["toy_metrics.long_answers"].LONG)
    for name in ("toy_metrics", "toy_metrics.long_answers"):
        sys.modules.pop(name)


def test_a_file_is_enough(toy: None) -> None:
    for tokens in (10, 2000, 3000):
        count(describe(request_context(usage=Usage(prompt=1, completion=tokens))))
    told = telemetry.exposition().decode()
    provider = describe(request_context()).provider
    assert f'toy_long_answers_total{{provider="{provider}"}} 2.0' in told
