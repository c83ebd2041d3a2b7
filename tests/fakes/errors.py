"""The errors of AWS, as its replies carry them."""

from __future__ import annotations

import json


class Refused(Exception):
    """A request that AWS refuses: its error code, its words and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status

    def body(self, *, xml: bool) -> bytes:
        """As the protocol of the service writes it: STS speaks XML, all others of this fake JSON."""
        if not xml:
            return json.dumps({"__type": self.code, "message": self.message}).encode()
        words = self.message.replace("&", "&amp;").replace("<", "&lt;")
        return (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{self.code}</Code><Message>{words}</Message></Error>"
            "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
        ).encode()


def invalid(message: str) -> Refused:
    return Refused("InvalidParameterException", message)


def client(message: str) -> Refused:
    return Refused("ClientException", message)
