// What a caller gets of a 304: data without an error, and a type that says so where an If-None-Match was sent.

import { deepStrictEqual, strictEqual } from "node:assert";
import { test } from "node:test";
import { getCalendar, getStats, getTrade, type GatewayMessage, type Problem, type Stats, type Trade } from "trading-journal-client";
import { createClient } from "trading-journal-client/client";

const json = { "Content-Type": "application/json" };
const answers = (status: number, body: string | null = null) =>
  createClient({
    baseUrl: "https://journal.example.com/v1",
    fetch: async () => new Response(body, { status, headers: body === null ? {} : json }),
  });
const path = { tradeId: "0b9f2f0a-6c1e-4a55-9d8e-3a4b5c6d7e8f" };
const headers = { "If-None-Match": '"1"' };

/** Compiles if both types are the same. */
function same<A, B>(_: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false): void {}

test("a 304 is no error and has no data", async () => {
  const client = answers(304);
  const { data, error, response } = await getTrade({ client, path, headers });
  deepStrictEqual([data, error, response?.status], [undefined, undefined, 304]);
  same<typeof data, Trade | undefined>(true);
  const thrown = await getTrade({ client, path, headers, throwOnError: true });
  same<typeof thrown.data, Trade | undefined>(true);
  deepStrictEqual([thrown.data, thrown.response.status], [undefined, 304]);
  strictEqual((await getStats({ client, headers, throwOnError: true })).data, undefined);
  strictEqual((await getCalendar({ client, headers, query: { month: "2026-01" }, throwOnError: true })).data, undefined);
});

test("who sends no If-None-Match always has data", async () => {
  const client = answers(200, '{"version": 1}');
  const trade = await getTrade({ client, path, throwOnError: true });
  same<typeof trade.data, Trade>(true);
  strictEqual(trade.data.version, 1);
  const stats = await getStats({ client, throwOnError: true });
  same<typeof stats.data, Stats>(true);
});

test("an error is a problem, or what the gateway said", async () => {
  const { error } = await getTrade({ client: answers(401, '{"message": "Unauthorized"}'), path, headers });
  same<typeof error, Problem | GatewayMessage | undefined>(true);
  deepStrictEqual(error, { message: "Unauthorized" });
});
