// Runs clients of other hands against a running gateway, and exits 1 unless all of it holds: graphql-ws and graphql-sse,
// which are their protocols' reference, Apollo Client and urql. `test_reference_clients.py` starts it.
//
//   npm ci --prefix tests/integration/clients
//   NODE_PATH=tests/integration/clients/node_modules node tests/integration/clients/clients.mjs URL KEY ACCOUNT_ID
//
// KEY needs a role that may change accounts and see the ledger, such as the demo's `service`.
import { createRequire } from "node:module";
import assert from "node:assert/strict";

const require = createRequire(`${process.env.NODE_PATH}/`);
const { createClient } = require("graphql-ws");
const sse = require("graphql-sse");
const WebSocket = require("ws");
const { parse } = require("graphql");
const [url, key, account] = process.argv.slice(2);
const socketUrl = url.replace(/^http/, "ws");
const headers = { "x-api-key": key };
const CHANGED = `subscription Changed($after: String) { syncRunChanged(workflow: "updateAccount", after: $after) {
  cursor status run { id workflow steps { name status } records { __typename id } } } }`;
const UPDATE = `mutation($input: UpdateAccountInput!) { updateAccount(input: $input) { run { id } errors { message } } }`;
let count = 0;

const post = async (body) =>
  (await fetch(url, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) })).json();
const update = async () => {
  const idempotencyKey = `streams-${Date.now()}-${count++}`;
  const input = { id: account, idempotencyKey, industry: `Industry ${count}`, website: `https://${count}.example` };
  const { data, errors } = await post({ query: UPDATE, variables: { input } });
  assert.equal(errors, undefined, JSON.stringify(errors));
  assert.deepEqual(data.updateAccount.errors, []);
  return data.updateAccount.run.id;
};

/** The first `number` results of a subscription; `begun` is called once it goes on. */
async function taken(client, payload, number, begun = update) {
  const results = [];
  const iterator = client.iterate(payload);
  const first = iterator.next();
  setTimeout(begun, 500);
  for (let next = await first; !next.done; next = await iterator.next()) {
    results.push(next.value);
    if (results.length === number) break;
  }
  await iterator.return();
  return results;
}

async function follows(client) {
  const found = await taken(client, { query: CHANGED }, 2);
  assert.deepEqual(found.map((result) => result.errors), [undefined, undefined]);
  assert.equal(found[0].data.syncRunChanged.run.workflow, "updateAccount");
  const [first, second] = found.map((result) => result.data.syncRunChanged);
  assert.notEqual(first.cursor, second.cursor);
  const again = await taken(client, { query: CHANGED, variables: { after: first.cursor } }, 1, () => {});
  assert.equal(again[0].data.syncRunChanged.cursor, second.cursor);
}

async function answersQueries(client) {
  const [{ data }] = await taken(client, { query: "{ platforms { name } }" }, 1, () => {});
  assert.ok(data.platforms.length);
}

const closing = (init) =>
  new Promise((resolve) => {
    const socket = new WebSocket(socketUrl, "graphql-transport-ws", { headers: init.headers ?? headers });
    socket.on("open", () => init.say.forEach((message) => socket.send(typeof message === "string" ? message : JSON.stringify(message))));
    socket.on("close", (code) => resolve(code));
  });
const INIT = { type: "connection_init" };
const subscribe = { type: "subscribe", id: "1", payload: { query: CHANGED } };

const checks = {
  "graphql-ws: follows and resumes": async () => {
    const client = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: { "x-api-key": key }, retryAttempts: 0 });
    await follows(client);
    await answersQueries(client);
    await client.dispose();
  },
  "graphql-ws: pings of the client are answered": async () => {
    let pongs = 0;
    const client = createClient({
      url: socketUrl, webSocketImpl: WebSocket, connectionParams: { authorization: `Bearer ${key}` }, keepAlive: 100, lazy: false,
      on: { pong: (received) => (pongs += received ? 1 : 0) },
    });
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.ok(pongs > 2);
    await client.dispose();
  },
  "graphql-ws: errors of a document reach the subscriber": async () => {
    const client = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: headers });
    for (const query of [
      "subscription { nothing }", "{", 'subscription { syncRunChanged(after: "x") { cursor } }',
      'subscription { projectStatusChanged(projectIds: ["x"]) { cursor } }',
      `subscription { invoiceStatusChanged { invoice ${"{ account { invoices { nodes ".repeat(10)}{ id }${" } } }".repeat(10)} } }`,
    ])
      await assert.rejects(taken(client, { query }, 1, () => {}), (errors) => Boolean(errors[0].extensions.code));
    await client.dispose();
  },
  "graphql-ws: a wrong key is 4403": async () => {
    const client = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: { "x-api-key": "wrong" }, retryAttempts: 0 });
    await assert.rejects(taken(client, { query: CHANGED }, 1, () => {}), (event) => event.code === 4403);
  },
  "close codes": async () => {
    assert.equal(await closing({ say: [] }), 4408);
    assert.equal(await closing({ say: ["null"] }), 4400);
    assert.equal(await closing({ say: [INIT, "[]"] }), 4400);
    assert.equal(await closing({ say: [subscribe] }), 4401);
    assert.equal(await closing({ say: [INIT], headers: {} }), 4403);
    assert.equal(await closing({ say: [INIT, subscribe, subscribe] }), 4409);
    assert.equal(await closing({ say: [INIT, INIT] }), 4429);
  },
  "graphql-sse: distinct connections": async () => {
    const client = sse.createClient({ url, headers: { ...headers }, retryAttempts: 0 });
    await follows(client);
    await answersQueries(client);
    const [{ errors }] = await taken(client, { query: "subscription { nothing }" }, 1, () => {});
    assert.equal(errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
    client.dispose();
  },
  "graphql-sse: a single connection": async () => {
    const client = sse.createClient({ url, headers: { ...headers }, retryAttempts: 0, singleConnection: true }); // it adds its token there
    await Promise.all([follows(client), answersQueries(client)]);
    await answersQueries(client);
    client.dispose();
  },
  "Apollo Client receives a subscription": async () => {
    const { ApolloClient, InMemoryCache } = require("@apollo/client");
    const { GraphQLWsLink } = require("@apollo/client/link/subscriptions");
    const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: headers });
    const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
    const received = new Promise((resolve, reject) =>
      client.subscribe({ query: parse(CHANGED) }).subscribe({ next: resolve, error: reject }));
    setTimeout(update, 500);
    assert.ok((await received).data.syncRunChanged.run.id);
    client.stop();
    await socket.dispose();
  },
  "urql receives a subscription, and plain queries as JSON": async () => {
    const { Client, fetchExchange, subscriptionExchange } = require("@urql/core");
    const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: headers });
    const forwardSubscription = (request) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink) }),
    });
    const client = new Client({
      url, fetchOptions: { headers }, preferGetMethod: false, exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription })],
    });
    const { data } = await client.query("{ platforms { name } }", {}).toPromise();
    assert.ok(data.platforms.length);
    const received = new Promise((resolve) => client.subscription(CHANGED, {}).subscribe(resolve));
    setTimeout(update, 500);
    assert.ok((await received).data.syncRunChanged.run.id);
    await socket.dispose();
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await Promise.race([check(), new Promise((_, reject) => setTimeout(() => reject(new Error("nothing came in 30 s")), 30_000).unref())]);
    console.log(`ok\t${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED\t${name}: ${error?.stack ?? JSON.stringify(error)}`);
  }
}
console.log(failed ? `${failed} of ${Object.keys(checks).length} failed` : `all ${Object.keys(checks).length} held`);
process.exit(failed ? 1 : 0);
