// Starts GraphiQL with a field for the API key and a gallery of samples. The key stays in this tab's session storage.
"use strict";

const KEY = "crosswalk.key";
const element = React.createElement;
const keyField = document.getElementById("key");
const keyState = document.getElementById("key-state");
const plan = document.getElementById("plan");
const root = ReactDOM.createRoot(document.getElementById("explorer"));

function headers() {
  const sent = { "content-type": "application/json", accept: "application/graphql-response+json, application/json" };
  const key = sessionStorage.getItem(KEY);
  if (key) sent["x-api-key"] = key;
  if (plan.checked) sent["x-crosswalk-plan"] = "1";
  return sent;
}

async function fetcher(parameters, options) {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { ...headers(), ...(options && options.headers) },
    body: JSON.stringify(parameters),
  });
  if (response.status === 401) keyState.textContent = "Enter a valid key to begin.";
  else keyState.textContent = "";
  return response.json();
}

function Samples({ samples }) {
  const editors = GraphiQL.React.useEditorContext({ nonNull: true });
  return element(
    "div",
    { className: "samples" },
    element("h2", null, "Samples"),
    samples.map((sample) =>
      element("button", { key: sample.title, type: "button", onClick: () => editors.queryEditor.setValue(sample.query) }, sample.title),
    ),
  );
}

function Icon() {
  return element("svg", { viewBox: "0 0 16 16", fill: "currentColor" }, element("path", { d: "M2 2h12v3H2zM2 7h12v3H2zM2 12h8v2H2z" }));
}

function start(samples) {
  const gallery = { title: "Samples", icon: Icon, content: () => element(Samples, { samples }) };
  root.render(
    element(GraphiQL, {
      // A new key is a new reader: mounting afresh reads the schema again.
      key: sessionStorage.getItem(KEY) || "none",
      fetcher,
      plugins: [gallery],
      defaultQuery: samples[0] ? samples[0].query : "",
      shouldPersistHeaders: false,
      isHeadersEditorEnabled: false,
    }),
  );
}

async function open() {
  const samples = await (await fetch("/graphiql/samples.json")).json();
  keyField.value = sessionStorage.getItem(KEY) || "";
  if (!keyField.value) keyState.textContent = "Enter a key to begin.";
  document.getElementById("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEY, keyField.value.trim());
    start(samples);
  });
  start(samples);
}

open();
