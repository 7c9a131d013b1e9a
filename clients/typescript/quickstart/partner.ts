/** Counts the tasks of a partner. */
import { partner, records } from "gongqiao";
import { listTasks } from "gongqiao/channel";

const { GONGQIAO_URL = "", GONGQIAO_APPKEY = "", GONGQIAO_SECRET = "" } = process.env;
const client = partner(GONGQIAO_URL, GONGQIAO_APPKEY, GONGQIAO_SECRET);
let count = 0;
for await (const _task of records((cursor) => listTasks({ client, query: { cursor }, throwOnError: true }))) count += 1;
console.log(`${count} tasks`);
