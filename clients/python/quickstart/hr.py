"""Counts the employees of a company."""

import os

import gongqiao
from gongqiao.hris.api.employees import list_employees
from gongqiao.hris.models import EmployeesPage, ListEmployeesQuery, Pagination

client = gongqiao.hr(os.environ["GONGQIAO_URL"], os.environ["GONGQIAO_ACCESS_KEY"], os.environ["GONGQIAO_SECRET_KEY"])
query = ListEmployeesQuery(token=os.environ["GONGQIAO_COMPANY_TOKEN"], pagination=Pagination(page=1))
page = list_employees.sync(client=client, payload=gongqiao.payload(query))
assert isinstance(page, EmployeesPage)
print(f"{page.total_count} employees")
