// Runs graphql-http's own audits against a running gateway and exits 1 unless every one of them is "ok", warnings too.
//
//   npm install --prefix /tmp/audit graphql-http graphql
//   NODE_PATH=/tmp/audit/node_modules node tests/gateway/audit.mjs http://127.0.0.1:8000/graphql KEY
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_PATH}/`);
const { auditServer } = require("graphql-http");
const [url, key] = process.argv.slice(2);

const results = await auditServer({
  url,
  fetchFn: (target, request = {}) => fetch(target, { ...request, headers: { ...request.headers, "x-api-key": key } }),
});
for (const { id, name, status, reason } of results) {
  if (status !== "ok") console.log(`${status}\t${id}\t${name}: ${reason}`);
}
const passed = results.filter((result) => result.status === "ok").length;
console.log(`${passed} of ${results.length} audits passed`);
process.exit(passed === results.length ? 0 : 1);
