/** Actions over HTTP while nodes of two versions offer them. */
import type { IncomingMessage } from "node:http";
import type { Context } from "moleculer";
import { callAction } from "./actions.ts";

const OLDER = { rest: "GET", params: { medication: "string|optional", $$strict: true } };
const NEWER = { rest: "GET", params: { ...OLDER.params, isBelow: { type: "boolean", optional: true } } };

it.each([
  ["first", [OLDER, NEWER]],
  ["last", [NEWER, OLDER]],
])("reads a query as the newer version says, with the older one %s in the registry", async (_, versions) => {
  const called: unknown[] = [];
  const endpoints = versions.map((action) => ({ action }));
  const ctx = {
    broker: { registry: { actions: new Map([["pharmacy.listReorderLevels", { endpoints }]]) } },
    call: async (...params: unknown[]) => void called.push(params),
  } as unknown as Context;
  const url = "/api/pharmacy/listReorderLevels?isBelow=true";
  const asked = {
    request: { method: "GET", url } as IncomingMessage,
    path: "pharmacy/listReorderLevels",
    query: new URLSearchParams("isBelow=true"),
  };
  expect(await callAction(ctx, asked, (_name, ask) => ask())).toMatchObject({ status: 200 });
  expect(called).toEqual([["pharmacy.listReorderLevels", { isBelow: true }]]);
});
