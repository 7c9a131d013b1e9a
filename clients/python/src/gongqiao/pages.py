"""Iteration over the lists of the partner API."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from gongqiao.channel.types import UNSET, Unset

Record = TypeVar("Record")
Item = TypeVar("Item", covariant=True)


class Page(Protocol[Item]):
    @property
    def list_(self) -> Sequence[Item]: ...
    @property
    def next_cursor(self) -> str | Unset | None: ...


class Reply(Protocol[Item]):
    @property
    def data(self) -> Page[Item]: ...


def records(fetch: Callable[[str | Unset], Reply[Record] | None]) -> Iterator[Record]:
    """All records of a list, page by page. `fetch` returns the page at a cursor.

    A page with a filter may be empty although another one follows, so only `next_cursor` ends the iteration.
    """
    cursor: str | Unset | None = UNSET
    while cursor is not None:
        reply = fetch(cursor)
        if reply is None:
            return
        yield from reply.data.list_
        cursor = reply.data.next_cursor or None
