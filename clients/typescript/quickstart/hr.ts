/** Counts the employees of a company. */
import { hr } from "gongqiao";
import { listEmployees, type ListEmployeesQuery } from "gongqiao/hris";

const { GONGQIAO_URL = "", GONGQIAO_ACCESS_KEY = "", GONGQIAO_SECRET_KEY = "", GONGQIAO_COMPANY_TOKEN: token } = process.env;
const client = hr(GONGQIAO_URL, GONGQIAO_ACCESS_KEY, GONGQIAO_SECRET_KEY);
const query: ListEmployeesQuery = { token, pagination: { page: 1 } };
const { data } = await listEmployees({ client, query: { payload: JSON.stringify(query) }, throwOnError: true });
console.log(`${"totalCount" in data ? data.totalCount : data.length} employees`);
