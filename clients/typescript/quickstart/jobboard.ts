/** Publishes a job as a merchant. */
import { jobBoard } from "gongqiao";
import { type ContentFields, createJob, logIn } from "gongqiao/jobboard";

const { GONGQIAO_URL = "", GONGQIAO_LOGIN_CODE = "" } = process.env;
const login = await logIn({ client: jobBoard(GONGQIAO_URL), body: { login_code: GONGQIAO_LOGIN_CODE }, throwOnError: true });
const client = jobBoard(GONGQIAO_URL, login.response.headers.get("x-auth-token") ?? "");
const body: ContentFields = {
  positions: "服务员", longitude: 116.397128, latitude: 39.916527, address: "北京市朝阳区三里屯太古里北区",
  contact: "13812341234", salary_min: 8000, salary_max: 20000,
};
const created = await createJob({ client, body, throwOnError: true });
console.log(`job ${created.response.headers.get("x-resource-id")}`);
