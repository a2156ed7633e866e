// Keeps a session going: sends the access token, refreshes the session when the token has expired, and repeats the
// request. Written by hand; everything else in this package but the README is generated.

import { type Client, type Config, createClient } from "./client/index.js";
import { logOut, refreshSession } from "./sdk.gen.js";
import type { Tokens } from "./types.gen.js";

/** What a session is kept by. */
export interface StoredSession {
  /** Tells one log-in from the next; it stays the same when the tokens are refreshed. */
  id: string;
  accessToken: string;
  refreshToken: string;
}

/** Where the tokens are kept. Every method may answer at once or by a promise. */
export interface TokenStore {
  /** The session that was written last, or undefined if there is none. */
  read(): StoredSession | undefined | Promise<StoredSession | undefined>;
  write(session: StoredSession): void | Promise<void>;
  clear(): void | Promise<void>;
}

export interface SessionOptions {
  /** Where the tokens are kept; by default in memory, until the page is reloaded. */
  store?: TokenStore;
  /**
   * Called once when the session has ended by itself: its refresh token was refused, or another tab has logged out or
   * logged in anew. It is not called by `signOut`.
   */
  onSignedOut?: () => void;
}

export interface Session {
  /** Begin a session with the tokens of a log-in. */
  signIn(tokens: Pick<Tokens, "accessToken" | "refreshToken">): Promise<void>;
  /**
   * Forget the tokens, and let the API end the session. Resolves with false if the API did not confirm it: the tokens
   * are forgotten, but they go on until they expire.
   */
  signOut(): Promise<boolean>;
  /** Whether the store has a session. This tab goes on with that one, also after `onSignedOut`. */
  isSignedIn(): Promise<boolean>;
}

/** Milliseconds after which a refresh or a log-out is given up. The API answers within 30 seconds. */
const TIMEOUT = 35_000;

/** Milliseconds within which a browser's tabs see what one of them has stored. */
const STORE_DELAY = 200;

// Stands for the access token until the request leaves, so that neither `request` of a result nor an interceptor has it.
const PLACEHOLDER = "the-access-token-of-the-session";

/**
 * Let a client keep a session. Set its `baseUrl`, and `fetch` if you have your own, before; `auth` and `fetch` are the
 * session's from here on.
 *
 * A request that is answered 401 is repeated once, with its body and headers, after a refresh. Of all requests that
 * wait for a refresh, in this tab and in others that share the store, one refreshes. A refresh token that is refused ends
 * the session: the store is cleared, and the requests are answered with their own 401. When the refresh fails in another
 * way (no network, 429, 503), the session stays, and the requests fail in that way.
 *
 * The tokens are sent to nothing but `baseUrl`, and never follow a redirect.
 */
export function createSession(client: Client, { store = memoryStore(), onSignedOut }: SessionOptions = {}): Session {
  const config = client.getConfig();
  const base = addressOf(config.baseUrl ?? "");
  const send: typeof fetch = (input, init) => (config.fetch ?? globalThis.fetch)(input, init);
  const plain = createClient({ ...(config as Config), auth: undefined, fetch: send, redirect: "error" });
  const exclusively = lockOf(`trading-journal-client ${base}`);
  const refreshes = new Map<string, Promise<Outcome>>();

  // The session that this tab acts for, once it has met one. Another one, of another user perhaps, is not taken up
  // without `isSignedIn`.
  let own: string | undefined;
  let ended = false;

  function begin(id: string | undefined): void {
    own = id;
    ended = false;
  }

  function end(): void {
    if (ended) return;
    ended = true;
    if (onSignedOut) queueMicrotask(onSignedOut);
  }

  async function stored(): Promise<StoredSession | undefined> {
    const session = await store.read();
    return isSession(session) ? session : undefined;
  }

  async function current(): Promise<StoredSession | undefined> {
    const session = await stored();
    own ??= session?.id;
    if (session?.id !== own) end();
    return ended ? undefined : session;
  }

  function once() {
    return { client: plain, throwOnError: false, signal: AbortSignal.timeout(TIMEOUT) } as const;
  }

  function renewed(sent: StoredSession): Promise<Outcome> {
    let refresh = refreshes.get(sent.id);
    if (!refresh) {
      refresh = exclusively(() => renew(sent)).finally(() => refreshes.delete(sent.id));
      refreshes.set(sent.id, refresh);
    }
    return refresh;
  }

  // Runs alone. Whoever comes second finds the tokens that the first has stored.
  async function renew(sent: StoredSession): Promise<Outcome> {
    const before = await stored();
    if (before?.id !== sent.id) return { ended: true };
    if (before.accessToken !== sent.accessToken) return { session: before };
    const { data, error, response } = await refreshSession({
      ...once(),
      body: { refreshToken: before.refreshToken },
    });
    // Without a lock across tabs, another one may have refreshed, or signed out, meanwhile.
    const after = await stored();
    if (after?.id !== sent.id) return { ended: true };
    const session = { id: sent.id, accessToken: data?.accessToken, refreshToken: data?.refreshToken };
    if (isSession(session)) {
      await store.write(session);
      return { session };
    }
    if (after.accessToken !== before.accessToken) return { session: after };
    if (response?.status === 400 || response?.status === 401) {
      await store.clear();
      return { ended: true };
    }
    return { failed: failureOf(error, response) };
  }

  const fetchWithSession: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    if (request.headers.get("Authorization") !== `Bearer ${PLACEHOLDER}`) return send(request);
    if (!request.url.startsWith(`${base}/`)) {
      throw new TypeError(`The session is of ${base}: its access token is not sent to another address.`);
    }
    const session = await current();
    const answer = await send(authorized(request.clone(), session?.accessToken));
    if (answer.status !== 401 || !session) return answer;
    const outcome = await renewed(session);
    if ("session" in outcome) return send(authorized(request, outcome.session.accessToken));
    if ("failed" in outcome) return outcome.failed();
    if (session.id === own) end();
    return answer;
  };

  client.setConfig({ auth: () => PLACEHOLDER, fetch: fetchWithSession });

  return {
    signIn: ({ accessToken, refreshToken }) =>
      exclusively(async () => {
        const session = { id: newId(), accessToken, refreshToken };
        if (!isSession(session)) throw new TypeError("These are not the tokens of a session.");
        await store.write(session);
        begin(session.id);
      }),
    signOut: async () => {
      ended = true; // from now on, also while a refresh is under way
      const session = await exclusively(async () => {
        const kept = await stored();
        if (own !== undefined && kept?.id !== own) return undefined; // another tab's
        await store.clear();
        return kept;
      });
      if (!session) return true;
      const { refreshToken } = session;
      const { response } = await logOut({ ...once(), body: { refreshToken }, keepalive: true });
      return response?.ok ?? false;
    },
    isSignedIn: async () => {
      const session = await stored();
      begin(session?.id);
      return session !== undefined;
    },
  };
}

/** Keeps the tokens in memory: they are gone when the page is reloaded, and no other tab has them. */
export function memoryStore(): TokenStore {
  let kept: StoredSession | undefined;
  return {
    read: () => kept,
    write: (session) => void (kept = session),
    clear: () => void (kept = undefined),
  };
}

/**
 * Keeps the tokens in `localStorage`, which all tabs share, or in `sessionStorage`, which each tab has for itself. Every
 * script of the page can read them there: allow none but your own, by a Content-Security-Policy.
 */
export function webStore(storage: Storage, key = "trading-journal-session"): TokenStore {
  return {
    read: () => {
      try {
        return JSON.parse(storage.getItem(key) ?? "null") ?? undefined;
      } catch {
        return undefined;
      }
    },
    write: (session) => storage.setItem(key, JSON.stringify(session)),
    clear: () => storage.removeItem(key),
  };
}

/** How a refresh ended: with the session of now, without one, or in a failure that each request meets. */
type Outcome = { session: StoredSession } | { ended: true } | { failed: () => Response };

type Exclusively = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Runs one piece of work at a time: in the whole browser where there are Web Locks, else in this tab. */
function lockOf(name: string): Exclusively {
  const locks = globalThis.navigator?.locks;
  if (locks) {
    return (work) =>
      new Promise((resolve, reject) => {
        const held = async () => {
          await work().then(resolve, reject);
          // What localStorage is told reaches other tabs a moment later, and they have to find it once it is their turn.
          await new Promise((done) => setTimeout(done, STORE_DELAY));
        };
        locks.request(name, held).catch(reject);
      });
  }
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work, work);
    last = done.catch(() => undefined);
    return done;
  };
}

/** The refresh's own answer or network error, for each request that waited. Nothing of a broken answer is told. */
function failureOf(error: unknown, response: Response | undefined): () => Response {
  if (!response) {
    return () => {
      throw error;
    };
  }
  if (response.ok || error instanceof Error) {
    return () => {
      throw new TypeError(`The session could not be refreshed: the answer of status ${response.status} has no tokens.`);
    };
  }
  const { status, statusText, headers } = response;
  const body = typeof error === "string" ? error : JSON.stringify(error);
  return () => new Response(body, { status, statusText, headers });
}

function authorized(request: Request, accessToken: string | undefined): Request {
  const headers = new Headers(request.headers);
  if (accessToken === undefined) headers.delete("Authorization");
  else headers.set("Authorization", `Bearer ${accessToken}`);
  return new Request(request, { headers, redirect: "error" });
}

// Without spaces and line ends: no header refuses such a token, which would tell it in the error.
const TOKEN = /^[\x21-\x7e]+$/;

function isSession(given: unknown): given is StoredSession {
  const { id, accessToken, refreshToken } = Object(given) as Record<string, unknown>;
  return [id, accessToken, refreshToken].every((each) => typeof each === "string" && TOKEN.test(each));
}

function addressOf(baseUrl: string): string {
  return new URL(baseUrl, globalThis.location?.href).href.replace(/\/+$/, "");
}

function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
