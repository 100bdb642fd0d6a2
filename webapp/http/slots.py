"""A limit on what takes long and is under way at once, kept in the memory of this process."""

from __future__ import annotations

import threading
from collections import Counter


class Slots:
    """Has `most` places in all, and `most_of_client` for each client."""

    def __init__(self, most: int, most_of_client: int) -> None:
        self._most = most
        self._most_of_client = most_of_client
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def take(self, client: str) -> bool:
        """Take a place for a client, if there is one; the caller releases it in the end."""
        with self._lock:
            of_client = self._taken[client]
            if of_client >= self._most_of_client or self._taken.total() >= self._most:
                return False
            self._taken[client] += 1
        return True

    def release(self, client: str) -> None:
        """Give a client's place back."""
        with self._lock:
            self._taken[client] -= 1
            self._taken += Counter()  # forgets who has none
