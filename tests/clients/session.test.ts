// The session of the TypeScript client, against an API that only this file has: its tokens rotate without any grace, so
// that a second refresh with the same token ends the session.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { afterEach, test } from "node:test";
import { setImmediate as soon, setTimeout as wait } from "node:timers/promises";
import { inspect } from "node:util";
import { createTrade, getFacets, getTrade, listTrades, logIn, refreshSession, updateTrade, type TradeInput } from "trading-journal-client";
import { createClient } from "trading-journal-client/client";
import { createSession, memoryStore, webStore, type SessionOptions, type TokenStore } from "trading-journal-client/session";

const API = "https://journal.example.com/v1";
const TRADE: TradeInput = { symbol: "AAPL", side: "BUY", quantity: "1", openDate: "2026-01-05T09:31:04-05:00" };

interface Seen {
  path: string;
  token: string | null;
  request: Request;
  body: string;
}

/** The API's side of sessions: one refresh token works at a time, and only the newest access token. */
class Api {
  seen: Seen[] = [];
  logOuts: string[] = [];
  users = new Map<string, { access: string; refresh: string; round: number }>();
  /** What a refresh does instead of its work. */
  refreshes: (() => Promise<Response> | Response)[] = [];
  /** Holds an answer back that has been decided already, until this resolves. */
  hold: (seen: Seen) => Promise<unknown> | undefined = () => undefined;

  begin(user: string) {
    this.users.set(user, { access: `access-${user}-0`, refresh: `refresh-${user}-0`, round: 0 });
    return { accessToken: `access-${user}-0`, refreshToken: `refresh-${user}-0` };
  }

  expire(user: string): void {
    this.users.get(user)!.access = "none";
  }

  of(path: string): Seen[] {
    return this.seen.filter((each) => each.path === path);
  }

  fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const token = request.headers.get("Authorization");
    const path = new URL(request.url).pathname.replace("/v1", "");
    const body = await request.clone().text();
    request.signal.throwIfAborted();
    const seen = { path, token, request, body };
    this.seen.push(seen);
    await soon();
    const answer = await this.answer(seen);
    await this.hold(seen);
    return answer;
  };

  answer({ path, token, body }: Seen): Promise<Response> | Response {
    if (path === "/auth/refresh") {
      return (this.refreshes.shift() ?? (() => this.refresh(JSON.parse(body).refreshToken)))();
    }
    if (path === "/auth/logout") {
      this.logOuts.push(JSON.parse(body).refreshToken);
      return new Response(null, { status: 204 });
    }
    const user = [...this.users].find(([, { access }]) => token === `Bearer ${access}`);
    return user ? json(200, { items: [], user: user[0], body }) : json(401, { message: "Unauthorized" });
  }

  refresh(token: string): Response {
    const user = [...this.users].find(([, { refresh }]) => refresh === token);
    if (!user) return json(401, { type: "/v1/problems/session-expired", title: "The session has expired", status: 401 });
    const round = user[1].round + 1;
    const next = { access: `access-${user[0]}-${round}`, refresh: `refresh-${user[0]}-${round}`, round };
    this.users.set(user[0], next);
    return json(200, { accessToken: next.access, refreshToken: next.refresh, idToken: "id", expiresIn: 900, tokenType: "Bearer" });
  }
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
}

function gate() {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  return { held, release: () => release() };
}

/** One tab: a client of its own with a session. */
function tab(api: Api, options: SessionOptions = {}) {
  const client = createClient({ baseUrl: API, fetch: api.fetch });
  const signedOut: number[] = [];
  const session = createSession(client, { onSignedOut: () => signedOut.push(1), ...options });
  return { client, session, signedOut };
}

async function expiredTab(options: SessionOptions = {}) {
  const api = new Api();
  const all = tab(api, options);
  await all.session.signIn(api.begin("dana"));
  api.expire("dana");
  return { api, ...all };
}

/** Web Locks, as browsers have them; tests of several tabs put them in place. */
function withLocks(): void {
  const held = new Map<string, Promise<unknown>>();
  const request = (name: string, work: () => Promise<unknown>) => {
    const done = (held.get(name) ?? Promise.resolve()).then(work, work);
    held.set(name, done.catch(() => undefined));
    return done;
  };
  Object.defineProperty(globalThis, "navigator", { value: { locks: { request } }, configurable: true });
}

const navigator = Object.getOwnPropertyDescriptor(globalThis, "navigator");
afterEach(() => {
  if (navigator) Object.defineProperty(globalThis, "navigator", navigator);
  else Reflect.deleteProperty(globalThis, "navigator");
});

test("a request that meets an expired token is repeated with its body and its headers", async () => {
  const { api, client, signedOut } = await expiredTab();
  const headers = { "Idempotency-Key": "once", "X-Other": "kept" };
  const { data, error } = await createTrade({ client, body: TRADE, headers });
  strictEqual(error, undefined);
  strictEqual((data as unknown as { body: string }).body, JSON.stringify(TRADE));
  const [first, second] = api.of("/trades");
  strictEqual(api.of("/trades").length, 2);
  deepStrictEqual([first?.token, second?.token], ["Bearer access-dana-0", "Bearer access-dana-1"]);
  for (const name of ["Idempotency-Key", "X-Other", "Content-Type"]) {
    ok(first?.request.headers.get(name));
    strictEqual(second?.request.headers.get(name), first?.request.headers.get(name));
  }
  strictEqual(second?.request.method, "POST");
  deepStrictEqual(signedOut, []);
});

test("of many requests at once one refreshes, and each is repeated once", async () => {
  const { api, client } = await expiredTab();
  const many = Array.from({ length: 50 }, (_, index) =>
    createTrade({ client, body: { ...TRADE, quantity: `${index + 1}` }, headers: { "Idempotency-Key": `${index}` } }));
  for (const { error } of await Promise.all(many)) strictEqual(error, undefined);
  strictEqual(api.of("/auth/refresh").length, 1);
  strictEqual(api.of("/trades").length, 100);
  const repeated = api.of("/trades").slice(50);
  for (const { request, body } of repeated) {
    strictEqual(JSON.parse(body).quantity, `${Number(request.headers.get("Idempotency-Key")) + 1}`);
  }
});

test("a 401 that comes late finds the tokens that another request has brought", async () => {
  const { api, client } = await expiredTab();
  const { held, release } = gate();
  api.hold = ({ path, token }) => (path === "/facets" && token === "Bearer access-dana-0" ? held : undefined);
  const late = getFacets({ client });
  strictEqual((await listTrades({ client })).error, undefined);
  release();
  strictEqual((await late).error, undefined);
  deepStrictEqual(api.of("/facets").map(({ token }) => token), ["Bearer access-dana-0", "Bearer access-dana-1"]);
  strictEqual(api.of("/auth/refresh").length, 1);
});

test("a request of two tabs refreshes once in the whole browser", async () => {
  withLocks();
  const api = new Api();
  const store = memoryStore();
  const first = tab(api, { store });
  await first.session.signIn(api.begin("dana"));
  const second = tab(api, { store });
  strictEqual(await second.session.isSignedIn(), true);
  api.expire("dana");
  const answers = await Promise.all([first, second, first, second].map(({ client }) => listTrades({ client })));
  for (const { error } of answers) strictEqual(error, undefined);
  strictEqual(api.of("/auth/refresh").length, 1);
  deepStrictEqual([first.signedOut, second.signedOut], [[], []]);
});

test("without Web Locks, the tab whose refresh token was overtaken goes on with the other's tokens", async () => {
  const api = new Api();
  const store = memoryStore();
  const first = tab(api, { store });
  await first.session.signIn(api.begin("dana"));
  const second = tab(api, { store });
  api.expire("dana");
  const answers = await Promise.all([first, second].map(({ client }) => listTrades({ client })));
  for (const { error } of answers) strictEqual(error, undefined);
  strictEqual(api.of("/auth/refresh").length, 2);
  deepStrictEqual([first.signedOut, second.signedOut], [[], []]);
});

for (const status of [400, 401]) {
  test(`a refresh token that is refused by a ${status} ends the session, once for all that wait`, async () => {
    const store = memoryStore();
    const { api, client, session, signedOut } = await expiredTab({ store });
    api.refreshes = [() => json(status, { type: "/v1/problems/any", title: "No", status })];
    for (const { error, response } of await Promise.all([1, 2, 3].map(() => listTrades({ client })))) {
      deepStrictEqual([response?.status, error], [401, { message: "Unauthorized" }]);
    }
    await soon();
    deepStrictEqual([signedOut, store.read(), await session.isSignedIn()], [[1], undefined, false]);
    const { response } = await listTrades({ client });
    strictEqual(response?.status, 401);
    strictEqual(api.seen.at(-1)?.token, null);
    strictEqual(api.of("/auth/refresh").length, 1);
    deepStrictEqual(signedOut, [1]);
    await session.signIn(api.begin("dana"));
    strictEqual((await listTrades({ client })).error, undefined);
  });
}

for (const [status, body] of [
  [403, "<html>blocked</html>"],
  [429, { message: "Too Many Requests" }],
  [500, { message: "Internal Server Error" }],
  [503, { type: "/v1/problems/unavailable", title: "Not available", status: 503 }],
] as const) {
  test(`a refresh that is answered ${status} keeps the session, and all that wait are answered that`, async () => {
    const { api, client, session, signedOut } = await expiredTab();
    api.refreshes = [
      () => typeof body === "string" ? new Response(body, { status }) : json(status, body, { "Retry-After": "7" }),
    ];
    for (const { error, response } of await Promise.all([1, 2, 3].map(() => listTrades({ client })))) {
      deepStrictEqual([response?.status, error], [status, body]);
      if (typeof body !== "string") strictEqual(response?.headers.get("Retry-After"), "7");
    }
    strictEqual(api.of("/auth/refresh").length, 1);
    deepStrictEqual([signedOut, await session.isSignedIn()], [[], true]);
    strictEqual((await listTrades({ client })).error, undefined);
  });
}

test("a refresh that the network loses keeps the session, and the request fails as it would have", async () => {
  const { api, client, session, signedOut } = await expiredTab();
  api.refreshes = [() => Promise.reject(new TypeError("fetch failed"))];
  for (const { error, response } of await Promise.all([1, 2].map(() => listTrades({ client })))) {
    ok((error as unknown) instanceof TypeError);
    strictEqual(response, undefined);
  }
  deepStrictEqual([signedOut, await session.isSignedIn()], [[], true]);
  strictEqual((await listTrades({ client })).error, undefined);
});

for (const [said, answer] of [
  ["tokens that break off", () => new Response('{"accessToken": "secret-access", "refreshToken": "secret-ref', { status: 200 })],
  ["a page of a Wi-Fi portal", () => new Response("<html>log in</html>", { status: 200, headers: { "Content-Type": "text/html" } })],
  ["no tokens", () => json(200, {})],
  ["nothing", () => new Response(null, { status: 204 })],
  ["a token that no header takes", () => json(200, { accessToken: "secret-access\n", refreshToken: "secret-refresh" })],
] as const) {
  test(`a refresh that is answered with ${said} keeps the session, and the error tells nothing of it`, async () => {
    const { api, client, session, signedOut } = await expiredTab();
    api.refreshes = [answer];
    const { error } = await listTrades({ client });
    ok((error as unknown) instanceof TypeError);
    ok(!/secret|access-|refresh-/.test(inspect(error, { depth: 9, showHidden: true })));
    deepStrictEqual([signedOut, await session.isSignedIn()], [[], true]);
    strictEqual((await listTrades({ client })).error, undefined);
  });
}

test("a refresh whose refusal breaks off keeps the session, and the request fails", async () => {
  const { api, client, session } = await expiredTab();
  const breaksOff = new ReadableStream({ pull: (controller) => controller.error(new TypeError("terminated")) });
  api.refreshes = [() => new Response(breaksOff, { status: 503 })];
  const { error, response } = await listTrades({ client });
  ok((error as unknown) instanceof TypeError);
  deepStrictEqual([response, await session.isSignedIn()], [undefined, true]);
});

test("without Web Locks, a refresh under way brings no session back that another tab has ended", async () => {
  for (const next of [undefined, { id: "eve", accessToken: "access-eve-0", refreshToken: "refresh-eve-0" }]) {
    const store = memoryStore();
    const { api, client, signedOut } = await expiredTab({ store });
    api.begin("eve");
    const { held, release } = gate();
    api.hold = ({ path }) => (path === "/auth/refresh" ? held : undefined);
    const waiting = createTrade({ client, body: TRADE });
    while (!api.of("/auth/refresh").length) await soon();
    await (next ? store.write(next) : store.clear());
    release();
    strictEqual((await waiting).response?.status, 401);
    await soon();
    deepStrictEqual([store.read(), signedOut, api.of("/trades").length], [next, [1], 1]);
  }
});

test("a request is repeated once, however often it is answered 401", async () => {
  const { api, client, signedOut } = await expiredTab();
  api.refreshes = [() => json(200, { accessToken: "stale", refreshToken: "stale", idToken: "", expiresIn: 1, tokenType: "Bearer" })];
  strictEqual((await listTrades({ client })).response?.status, 401);
  deepStrictEqual([api.of("/trades").length, api.of("/auth/refresh").length, signedOut], [2, 1, []]);
});

test("a refused log-in is no expired session", async () => {
  const { api, client } = await expiredTab();
  strictEqual((await logIn({ client, body: { email: "dana@example.com", password: "Wrong-password-1!" } })).response?.status, 401);
  await refreshSession({ client, body: { refreshToken: "forged" } });
  deepStrictEqual(api.seen.map(({ path, token }) => [path, token]), [["/auth/login", null], ["/auth/refresh", null]]);
});

test("a request with a token of its own is left alone", async () => {
  const { api, client } = await expiredTab();
  strictEqual((await listTrades({ client, auth: "another" })).response?.status, 401);
  deepStrictEqual(api.seen.map(({ token }) => token), ["Bearer another"]);
});

test("who signs out while a refresh is under way is signed out, also at the API", async () => {
  const store = memoryStore();
  const { api, client, session, signedOut } = await expiredTab({ store });
  const { held, release } = gate();
  api.hold = ({ path }) => (path === "/auth/refresh" ? held : undefined);
  const waiting = listTrades({ client });
  while (!api.of("/auth/refresh").length) await soon();
  const out = session.signOut();
  const meanwhile = listTrades({ client });
  release();
  strictEqual(await out, true);
  await waiting;
  strictEqual((await meanwhile).response?.status, 401);
  deepStrictEqual(api.logOuts, ["refresh-dana-1"]);
  deepStrictEqual([store.read(), signedOut], [undefined, []]);
});

test("a request of one user is never repeated with the token of the next", async () => {
  for (const heldPath of ["/trades", "/auth/refresh"]) {
    const { api, client, session, signedOut } = await expiredTab();
    const { held, release } = gate();
    api.hold = ({ path, token }) => (path === heldPath && !token?.includes("eve") ? held : undefined);
    const danas = createTrade({ client, body: TRADE });
    while (!api.of(heldPath).length) await soon();
    const eve = session.signIn(api.begin("eve"));
    await soon();
    release();
    await Promise.all([danas, eve]);
    const tokens = api.of("/trades").map(({ token }) => token);
    ok(!tokens.some((token) => token?.includes("eve")), `${tokens}`);
    strictEqual(((await listTrades({ client })).data as unknown as { user: string }).user, "eve");
    deepStrictEqual(signedOut, []);
  }
});

test("a tab does not act for the user that another tab has logged in", async () => {
  withLocks();
  const api = new Api();
  const store = memoryStore();
  const first = tab(api, { store });
  await first.session.signIn(api.begin("dana"));
  strictEqual((await listTrades({ client: first.client })).error, undefined);
  const second = tab(api, { store });
  await second.session.signIn(api.begin("eve"));
  strictEqual((await createTrade({ client: first.client, body: TRADE })).response?.status, 401);
  await soon();
  deepStrictEqual([first.signedOut, second.signedOut], [[1], []]);
  strictEqual(api.seen.at(-1)?.token, null);
  // To sign out here does not sign out there.
  strictEqual(await first.session.signOut(), true);
  deepStrictEqual([api.logOuts, await second.session.isSignedIn()], [[], true]);
  strictEqual(await first.session.isSignedIn(), true);
  strictEqual(((await listTrades({ client: first.client })).data as unknown as { user: string }).user, "eve");
});

test("a tab is told once that another tab has logged out", async () => {
  withLocks();
  const api = new Api();
  const store = memoryStore();
  const first = tab(api, { store });
  await first.session.signIn(api.begin("dana"));
  const second = tab(api, { store });
  await listTrades({ client: second.client });
  await first.session.signOut();
  await Promise.all([1, 2].map(() => listTrades({ client: second.client })));
  await soon();
  deepStrictEqual([first.signedOut, second.signedOut], [[], [1]]);
});

for (const [given, leaves] of [
  ["https://evil.example.com/v1", false],
  ["http://journal.example.com/v1", false],
  ["https://journal.example.com:8443/v1", false],
  ["https://journal.example.com/v10", false],
  ["https://journal.example.com/v1/../other", false],
  ["https://journal.example.com/v1/%2e%2e/other", false],
  ["https://journal.example.com.evil.example.com/v1", false],
  [`${API}`, true],
  ["https://JOURNAL.example.com:443/v1", true],
] as const) {
  test(`a token ${leaves ? "goes" : "does not go"} to ${given}`, async () => {
    const api = new Api();
    const { client, session } = tab(api);
    await session.signIn(api.begin("dana"));
    const { error } = await listTrades({ client, baseUrl: given as string });
    strictEqual(error === undefined, leaves);
    strictEqual(api.seen.length, leaves ? 1 : 0);
    ok(!inspect(error, { depth: 9 }).includes("access-dana"));
    client.setConfig({ baseUrl: given });
    strictEqual((await listTrades({ client })).error === undefined, leaves);
  });
}

test("neither a request with a token nor a refresh follows a redirect", async () => {
  const reached: string[] = [];
  const foreign = createServer((request, answer) => {
    reached.push(`${request.url}`);
    answer.end("{}");
  }).listen(0, "127.0.0.1");
  const own = createServer((request, answer) => {
    if (request.url === "/v1/trades" && request.headers.authorization === "Bearer expired") answer.writeHead(401).end("{}");
    else answer.writeHead(307, { Location: `http://127.0.0.1:${(foreign.address() as AddressInfo).port}/stolen` }).end();
  }).listen(0, "127.0.0.1");
  await wait(50);
  const client = createClient({ baseUrl: `http://127.0.0.1:${(own.address() as AddressInfo).port}/v1` });
  const session = createSession(client);
  await session.signIn({ accessToken: "expired", refreshToken: "refresh-secret" });
  const refreshed = await listTrades({ client });
  await session.signIn({ accessToken: "access-secret", refreshToken: "refresh-secret" });
  const asked = await listTrades({ client });
  for (const { error } of [refreshed, asked]) {
    ok((error as unknown) instanceof TypeError);
    ok(!inspect(error, { depth: 9 }).includes("secret"));
  }
  strictEqual(await session.signOut(), false);
  deepStrictEqual(reached, []);
  own.close();
  foreign.close();
});

test("nothing that a caller or an interceptor gets has a token", async () => {
  const { api, client, signedOut } = await expiredTab();
  const met: unknown[] = [];
  client.interceptors.request.use((request) => (met.push(request), request));
  client.interceptors.response.use((response, request) => (met.push(response, request), response));
  client.interceptors.error.use((error, response, request) => (met.push(error, response, request), error));
  met.push(await listTrades({ client }), client.getConfig());
  api.expire("dana");
  api.refreshes = [() => json(401, { title: "No" })];
  met.push(await getTrade({ client, path: { tradeId: "x" } }), signedOut);
  ok(met.length > 8);
  const told = inspect(met, { depth: 12 });
  ok(told.includes("the-access-token-of-the-session"));
  ok(!/access-dana|refresh-dana/.test(told));
});

test("a store that holds anything else is no session, and its content is not told", async () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  } as Storage;
  const api = new Api();
  const { client, session } = tab(api, { store: webStore(storage) });
  for (const content of [
    "{", "null", "[]", "7", '"secret"', '{"id": "1"}', '{"id": "1", "accessToken": "secret\\n", "refreshToken": "r"}',
    '{"id": "1", "accessToken": ["secret"], "refreshToken": "r"}', '{"id": "", "accessToken": "a", "refreshToken": "r"}',
  ]) {
    kept.set("trading-journal-session", content);
    strictEqual(await session.isSignedIn(), false);
    const { error, response } = await listTrades({ client });
    deepStrictEqual([response?.status, error], [401, { message: "Unauthorized" }]);
    strictEqual(api.seen.at(-1)?.token, null);
  }
  await session.signIn(api.begin("dana"));
  deepStrictEqual(Object.keys(JSON.parse(kept.get("trading-journal-session") ?? "")), ["id", "accessToken", "refreshToken"]);
  strictEqual((await listTrades({ client })).error, undefined);
  await session.signOut();
  strictEqual(kept.size, 0);
});

test("a store may be asynchronous, and its failure is the request's error", async () => {
  const inner = memoryStore();
  let full = false;
  const store: TokenStore = {
    read: async () => (await soon(), inner.read()),
    write: async (session) => {
      await soon();
      if (full) throw new Error("the store is full");
      await inner.write(session);
    },
    clear: async () => (await soon(), inner.clear()),
  };
  const { api, client } = await expiredTab({ store });
  strictEqual((await listTrades({ client })).error, undefined);
  api.expire("dana");
  full = true;
  const { error } = await listTrades({ client });
  strictEqual((error as unknown as Error).message, "the store is full");
});

test("a request that is given up while it waits for a refresh is not sent again; the others are", async () => {
  const { api, client } = await expiredTab();
  const { held, release } = gate();
  api.hold = ({ path }) => (path === "/auth/refresh" ? held : undefined);
  const given = new AbortController();
  const one = updateTrade({ client, path: { tradeId: "x" }, body: { fees: "1" }, signal: given.signal });
  const other = listTrades({ client });
  while (!api.of("/auth/refresh").length) await soon();
  given.abort();
  release();
  const { error } = await one;
  strictEqual((error as unknown as Error).name, "AbortError");
  strictEqual(api.of("/trades/x").length, 1);
  strictEqual((await other).error, undefined);
});

test("what is no token is refused at sign-in, without a word of it", async () => {
  const { session } = tab(new Api());
  for (const accessToken of ["", "secret\r\nX-Injected: 1", "sécret"]) {
    const refused = await session.signIn({ accessToken, refreshToken: "refresh" }).then(() => undefined, String);
    strictEqual(refused, "TypeError: These are not the tokens of a session.");
  }
});
