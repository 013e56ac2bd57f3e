"""What a corpus filter must look up again at its end, kept out of memory: by its number, on disk when it is much."""

from __future__ import annotations

import os
import tempfile
import weakref
from array import array
from functools import lru_cache
from typing import IO

from remud_gen.errors import InputError

_IN_MEMORY_BYTES = 1 << 20
_RECENT = 256


class ByteShelf:
    """Pieces of data in the order in which they came; 8 bytes of memory each, beyond the first megabyte.

    The file lies where the system keeps temporary files and has no name there: it is gone with the process.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._starts = array("Q", [0])
        self._is_at_end = True
        self.read = lru_cache(maxsize=_RECENT)(self._read)
        """The piece with a number."""

    def __len__(self) -> int:
        return len(self._starts) - 1

    def add(self, data: bytes) -> int:
        """Keep a piece of data and return its number.

        Raises:
            InputError: no room for temporary files.
        """
        try:
            if self._file is None:
                self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - open as long as the shelf
                weakref.finalize(self, self._file.close)
            if not self._is_at_end:
                self._file.seek(0, os.SEEK_END)
                self._is_at_end = True
            self._file.write(data)
        except OSError as error:
            raise _explain(error) from None
        self._starts.append(self._starts[-1] + len(data))
        return len(self) - 1

    def _read(self, number: int) -> bytes:
        assert self._file is not None
        self._is_at_end = False
        try:
            self._file.seek(self._starts[number])
            return self._file.read(self._starts[number + 1] - self._starts[number])
        except OSError as error:  # what is still in a buffer is written now
            raise _explain(error) from None


class TextShelf:
    """Texts in the order in which they came."""

    def __init__(self) -> None:
        self._shelf = ByteShelf()
        self.read = lru_cache(maxsize=_RECENT)(self._read)
        """The text with a number."""

    def __len__(self) -> int:
        return len(self._shelf)

    def add(self, text: str) -> int:
        """Keep a text and return its number; InputError where there is no room."""
        return self._shelf.add(text.encode("utf-8", "surrogatepass"))

    def _read(self, number: int) -> str:
        return self._shelf.read(number).decode("utf-8", "surrogatepass")


def _explain(error: OSError) -> InputError:
    return InputError(
        f"what is compared cannot be kept in {tempfile.gettempdir()}: {error.strerror or error}",
        "make room there, or name another folder with TMPDIR",
    )
