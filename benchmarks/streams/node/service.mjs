// The same subscription by graphql-yoga and graphql-ws, as their own guide puts them together. Each event's project is
// asked for once, for however many subscribers, and projects that are asked for at the same moment are asked for together.
//
//   node service.mjs http://127.0.0.1:UPSTREAM
//   POST /happened?first=17&number=10   the projects 17 to 26 have got another status
import { createServer } from "node:http";
import { createPubSub, createSchema, createYoga } from "graphql-yoga";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { randomUUID } from "node:crypto";

const upstream = process.argv[2];
const STATUSES = ["ACTIVE", "ON_HOLD", "COMPLETED", "PLANNED"];
const OF_THE_PLATFORM = { running: "ACTIVE", planned: "PLANNED", paused: "ON_HOLD", done: "COMPLETED" };
const FIELDS = "id,code,name,status,start_date,end_date,manager_name";
const pubsub = createPubSub();
let cursor = 0;
let rounds = 0;

let waiting = new Map();
const projectOf = (id) =>
  new Promise((resolve, reject) => {
    if (!waiting.size) setImmediate(readWaiting);
    const others = waiting.get(id) ?? [];
    waiting.set(id, [...others, { resolve, reject }]);
  });
async function readWaiting() {
  const asked = waiting;
  waiting = new Map();
  try {
    const answer = await fetch(`${upstream}/projects?fields=${FIELDS}&id=${[...asked.keys()].join(",")}`);
    const rows = new Map((await answer.json()).rows.map((row) => [row.id, row]));
    for (const [id, callers] of asked) for (const { resolve } of callers) resolve(rows.get(id) ?? null);
  } catch (error) {
    for (const callers of asked.values()) for (const { reject } of callers) reject(error);
  }
}

class StatusEvent {
  constructor(externalId, before, after) {
    this.externalId = externalId;
    this.cursor = Buffer.from(`projectStatusChanged:${++cursor}`).toString("base64url");
    this.correlationId = randomUUID();
    this.occurredAt = new Date().toISOString();
    this.platform = "psa";
    this.before = before;
    this.after = after;
    this.projectId = Buffer.from(`Project:psa:${externalId}`).toString("base64url");
  }
  project() {
    this.found ??= projectOf(this.externalId).then((row) => row && {
      id: this.projectId, code: row.code, name: row.name, status: OF_THE_PLATFORM[row.status],
      startDate: row.start_date, endDate: row.end_date, managerName: row.manager_name,
    });
    return this.found;
  }
}

const schema = createSchema({
  typeDefs: `
    enum ProjectStatus { PLANNED ACTIVE ON_HOLD COMPLETED CANCELLED }
    type Project {
      id: ID! code: String name: String status: ProjectStatus startDate: String endDate: String managerName: String
    }
    type ProjectStatusEvent {
      cursor: String! correlationId: ID! occurredAt: String! platform: String! before: ProjectStatus
      after: ProjectStatus! projectId: ID! project: Project
    }
    type Query { nothing: String }
    type Subscription { projectStatusChanged: ProjectStatusEvent! }`,
  resolvers: {
    Subscription: {
      projectStatusChanged: { subscribe: () => pubsub.subscribe("projects"), resolve: (event) => event },
    },
  },
});

const yoga = createYoga({ schema, logging: false, graphiql: false });
const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname !== "/happened") return yoga(request, response);
  const first = Number(url.searchParams.get("first"));
  const number = Number(url.searchParams.get("number"));
  const [before, after] = [STATUSES[++rounds % 4], STATUSES[(rounds + 1) % 4]];
  for (let each = first; each < first + number; each++) {
    const account = String(Math.floor(each / 5) % 20000).padStart(6, "0");
    pubsub.publish("projects", new StatusEvent(`P${account}0${each % 5}`, before, after));
  }
  response.writeHead(204).end();
});

const sockets = new WebSocketServer({ server, path: yoga.graphqlEndpoint });
useServer(
  {
    execute: (args) => args.rootValue.execute(args),
    subscribe: (args) => args.rootValue.subscribe(args),
    onSubscribe: async (ctx, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...ctx, req: ctx.extra.request, socket: ctx.extra.socket, params,
      });
      const args = {
        schema, operationName: params.operationName, document: parse(params.query), variableValues: params.variables,
        contextValue: await contextFactory(), rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length ? errors : args;
    },
  },
  sockets,
);
server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () => console.log(server.address().port));
process.on("SIGTERM", () => process.exit(0));
