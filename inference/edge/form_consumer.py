"""The part of a consumer that takes in forms: one may be sent on while it still arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inference.edge.asgi import Receive, announced_body
from inference.edge.consumer import LeanHttpConsumer
from inference.edge.spool import Spool
from inference.edge.upload import Upload
from inference.edge.upload_intake import UploadIntake
from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import is_form
from inference.translate.form_scanner import boundary_of
from inference.values.error_answer import ErrorAnswer
from inference.values.failures import Failure, Outcome


class FormConsumer(LeanHttpConsumer):
    """Whoever inherits sets `headers` in `on_head`, and asks for `_upload` in `handle`."""

    endpoint: Endpoint
    headers: Mapping[bytes, bytes]
    spool: Path | None
    """Where forms are kept that do not fit into memory."""
    file_limit: int | None = None
    """Bytes of a form with a file that a provider keeps; None: as of every body."""
    _intake: UploadIntake | None = None
    """Of a form that is sent on while it arrives."""

    def _refusal_by_head(self) -> ErrorAnswer | None:
        limit = self.file_limit if self.endpoint.file_limit else None
        # What comes in a content coding is taken out of it in memory.
        coded = limit is None or announced_body(self.scope["headers"]).coded
        if limit is not None and not coded and self._boundary() is not None:
            self.body_limit = limit
        return super()._refusal_by_head()

    def reads_on(self) -> bool:
        return self.endpoint.forms is not None and not self.coding and self._boundary() is not None

    async def _begin_reading(self, receive: Receive, carrier: asyncio.Task[Any]) -> Receive:
        """Of a form only so much as tells where the request goes."""
        boundary, forms = self._boundary(), self.endpoint.forms
        assert boundary is not None
        assert forms is not None
        announced = self._announced.length
        held = self._body_held
        if held is not None:
            await held.hold(self.body_owner(), announced)
        upload = Upload(boundary, announced, Spool(self.spool))
        self._intake = intake = UploadIntake(
            upload,
            receive,
            self.loop,
            self.timer_wheel,
            limit=self.body_limit,
            held=held,
            idle=self.body_idle,
            told=self._failure_of,
        )
        await intake.until(forms.is_enough, carrier)
        if not upload.complete:
            self.writer.unread = intake.unread
            upload.when_complete(self._read_to_its_end)
        return intake.receive

    def _boundary(self) -> bytes | None:
        """Of the form that this request is; None where it is none or must be read whole."""
        if self.endpoint.forms is None or not is_form(self.headers):
            return None
        return boundary_of(self.headers[b"content-type"].decode("latin-1"))

    def _upload(self, body: bytes) -> Upload | None:
        """The form, be it all here or still on its way."""
        if self._intake is not None:
            return self._intake.upload
        boundary = self._boundary()
        if boundary is None:
            return None
        whole = Upload(boundary, len(body), Spool(self.spool, len(body)))
        whole.feed(body)
        whole.finish()
        return whole

    def _read_to_its_end(self) -> None:
        assert self._intake is not None
        if self._intake.upload.failure is None:
            self.writer.unread = None

    def _failure_of(self, error: Exception) -> Failure:
        """What ends the attempts of a form that does not come to its end."""
        told = self._told(error)
        return Failure(Outcome.CALLERS_FAULT, told.code or "", told.message, told.status,
                       retry_after=told.retry_after)  # fmt: skip

    async def disconnect(self) -> None:
        if self._intake is not None:
            self._intake.close()
        await super().disconnect()
