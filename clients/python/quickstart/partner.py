"""Counts the tasks of a partner."""

import os

import gongqiao
from gongqiao.channel.api.tasks import list_tasks

client = gongqiao.partner(os.environ["GONGQIAO_URL"], os.environ["GONGQIAO_APPKEY"], os.environ["GONGQIAO_SECRET"])
tasks = list(gongqiao.records(lambda cursor: list_tasks.sync(client=client, cursor=cursor)))
print(f"{len(tasks)} tasks")
