"""Iteration over pages of the generated classes."""

import unittest

from gongqiao.channel.models import TaskListReply
from gongqiao.channel.types import Unset
from gongqiao.pages import records


class Records(unittest.TestCase):
    def test_a_list_ends_with_its_next_cursor_not_with_an_empty_page(self) -> None:
        pages: dict[str, tuple[int, str | None]] = {"": (2, "a"), "a": (0, "b"), "b": (1, None)}

        def fetch(cursor: str | Unset) -> TaskListReply:
            count, following = pages[cursor or ""]
            page = {"list": [], "total": 3, "page": 1, "page_size": 20, "next_cursor": following}
            reply = TaskListReply.from_dict({"code": 0, "message": "success", "data": page})
            reply.data.list_.extend([None] * count)  # type: ignore[list-item]
            return reply

        self.assertEqual(len(list(records(fetch))), 3)
