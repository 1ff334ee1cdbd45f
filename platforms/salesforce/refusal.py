"""One error as the REST API tells it, and what of it may be shown."""

import msgspec

_LONGEST = 300  # characters of the vendor's own message


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """`duplicateResult` comes with DUPLICATES_DETECTED alone."""

    errorCode: str  # noqa: N815 - the vendor's key
    message: str = ""
    fields: list[str] | None = None
    duplicateResult: msgspec.Raw = msgspec.Raw()  # noqa: N815 - the vendor's key

    def quoted(self) -> str:
        """Code, message and field names. What is wrong with a query repeats the whole of it: only its code is shown."""
        if "QUERY" in self.errorCode or not self.message:
            return self.errorCode
        message = " ".join(self.message.split())
        shown = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"
        fields = f"; fields: {', '.join(self.fields)}" if self.fields else ""
        return f"{self.errorCode}: {shown}{fields}"
