"""The certificate authorities of single webhooks, as the files that libcurl wants: one a text, for as long as the process lives."""

import tempfile
from hashlib import sha256
from pathlib import Path


class Authorities:
    """Writes to a directory of its own, made with the first, which `close` removes."""

    def __init__(self) -> None:
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._files: dict[str, str] = {}

    def file_of(self, pem: str) -> str:
        """A file that holds `pem`; written anew where somebody tidied it away. Raises OSError."""
        known = self._files.get(pem)
        if known is None or not Path(known).exists():
            if self._directory is None:
                self._directory = tempfile.TemporaryDirectory(prefix="heliograph-ca-")
            path = Path(self._directory.name) / f"{sha256(pem.encode()).hexdigest()}.pem"
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_text(pem, encoding="utf-8")
            known = self._files[pem] = str(path)
        return known

    def close(self) -> None:
        """Nothing is asked for any more."""
        if self._directory is not None:
            self._directory.cleanup()
