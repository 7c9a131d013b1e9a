/** Receives events, and prints the type of each once. See /docs/events. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";

const { GONGQIAO_WEBHOOK_SECRET: secret = "", PORT = "" } = process.env;
const seen = new Set<string>();

function isSigned(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const header = (name: string) => String(headers[name] ?? "");
  const sentAt = header("webhook-timestamp");
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const hmac = createHmac("sha256", key).update(`${header("webhook-id")}.${sentAt}.`).update(body);
  const expected = Buffer.from(`v1,${hmac.digest("base64")}`);
  const isSame = (one: string) => one.length === expected.length && timingSafeEqual(Buffer.from(one), expected);
  return Math.abs(Date.now() / 1000 - Number(sentAt)) < 300 && header("webhook-signature").split(" ").some(isSame);
}

createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const isValid = isSigned(request.headers, body);
  const id = String(request.headers["webhook-id"]);
  if (isValid && !seen.has(id)) {
    seen.add(id);
    console.log(JSON.parse(body.toString()).event.event_type);
  }
  response.writeHead(isValid ? 204 : 401).end();
}).listen(Number(PORT), "127.0.0.1");
