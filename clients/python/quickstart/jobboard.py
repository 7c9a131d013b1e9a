"""Publishes a job as a merchant."""

import os

import gongqiao
from gongqiao.jobboard.api.merchants import create_job
from gongqiao.jobboard.api.users import log_in
from gongqiao.jobboard.models import ContentFields, LoginFields

url = os.environ["GONGQIAO_URL"]
login = log_in.sync_detailed(client=gongqiao.job_board(url), body=LoginFields(login_code=os.environ["GONGQIAO_LOGIN_CODE"]))
client = gongqiao.job_board(url, login.headers["x-auth-token"])
job = ContentFields(positions="服务员", longitude=116.397128, latitude=39.916527, address="北京市朝阳区三里屯太古里北区",
                    contact="13812341234", salary_min=8000, salary_max=20000)
created = create_job.sync_detailed(client=client, body=job)
print(f"job {created.headers['x-resource-id']}")
