"""The engine's own failures, in OpenAI's form."""

import msgspec


class EngineError(Exception):
    """An answer other than 200: `{"error": {"message", "type", "param", "code"}}`.

    `retry_after_s` is sent as whole seconds in `retry-after`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s

    @property
    def body(self) -> bytes:
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        if self.status == 429:
            kind = "rate_limit_error"
        return msgspec.json.encode(
            {
                "error": {
                    "message": self.message,
                    "type": kind,
                    "param": self.param,
                    "code": self.code,
                }
            }
        )

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        headers = [(b"content-type", b"application/json")]
        if self.retry_after_s is not None:
            headers.append((b"retry-after", str(self.retry_after_s).encode()))
        return headers


def invalid(message: str, param: str | None = None) -> EngineError:
    return EngineError(400, "invalid_request", message, param=param)


def model_not_found(name: str, known: list[str]) -> EngineError:
    there = f"The models there are: {', '.join(known)}." if known else "There are no models yet."
    message = f"The model '{name}' does not exist. {there}"
    return EngineError(404, "model_not_found", message, param="model")


def worker_died(message: str) -> EngineError:
    """The worker ended while it was answering; the same request may well succeed elsewhere."""
    return EngineError(502, "worker_died", message)


def unavailable(code: str, message: str, retry_after_s: float | None = None) -> EngineError:
    """503; `retry_after_s` is rounded up to a whole second, at least one."""
    seconds = None if retry_after_s is None else max(1, -int(-retry_after_s // 1))
    return EngineError(503, code, message, retry_after_s=seconds)
