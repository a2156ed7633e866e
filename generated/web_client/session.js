import { createClient } from "./client/index.js";
import { logOut, refreshSession } from "./sdk.gen.js";
const TIMEOUT = 35_000;
const STORE_DELAY = 200;
const PLACEHOLDER = "the-access-token-of-the-session";
export function createSession(client, { store = memoryStore(), onSignedOut } = {}) {
    const config = client.getConfig();
    const base = addressOf(config.baseUrl ?? "");
    const send = (input, init) => (config.fetch ?? globalThis.fetch)(input, init);
    const plain = createClient({ ...config, auth: undefined, fetch: send, redirect: "error" });
    const exclusively = lockOf(`trading-journal-client ${base}`);
    const refreshes = new Map();
    let own;
    let ended = false;
    function begin(id) {
        own = id;
        ended = false;
    }
    function end() {
        if (ended)
            return;
        ended = true;
        if (onSignedOut)
            queueMicrotask(onSignedOut);
    }
    async function stored() {
        const session = await store.read();
        return isSession(session) ? session : undefined;
    }
    async function current() {
        const session = await stored();
        own ??= session?.id;
        if (session?.id !== own)
            end();
        return ended ? undefined : session;
    }
    function once() {
        return { client: plain, throwOnError: false, signal: AbortSignal.timeout(TIMEOUT) };
    }
    function renewed(sent) {
        let refresh = refreshes.get(sent.id);
        if (!refresh) {
            refresh = exclusively(() => renew(sent)).finally(() => refreshes.delete(sent.id));
            refreshes.set(sent.id, refresh);
        }
        return refresh;
    }
    async function renew(sent) {
        const before = await stored();
        if (before?.id !== sent.id)
            return { ended: true };
        if (before.accessToken !== sent.accessToken)
            return { session: before };
        const { data, error, response } = await refreshSession({
            ...once(),
            body: { refreshToken: before.refreshToken },
        });
        const after = await stored();
        if (after?.id !== sent.id)
            return { ended: true };
        const session = { id: sent.id, accessToken: data?.accessToken, refreshToken: data?.refreshToken };
        if (isSession(session)) {
            await store.write(session);
            return { session };
        }
        if (after.accessToken !== before.accessToken)
            return { session: after };
        if (response?.status === 400 || response?.status === 401) {
            await store.clear();
            return { ended: true };
        }
        return { failed: failureOf(error, response) };
    }
    const fetchWithSession = async (input, init) => {
        const request = new Request(input, init);
        if (request.headers.get("Authorization") !== `Bearer ${PLACEHOLDER}`)
            return send(request);
        if (!request.url.startsWith(`${base}/`)) {
            throw new TypeError(`The session is of ${base}: its access token is not sent to another address.`);
        }
        const session = await current();
        const answer = await send(authorized(request.clone(), session?.accessToken));
        if (answer.status !== 401 || !session)
            return answer;
        const outcome = await renewed(session);
        if ("session" in outcome)
            return send(authorized(request, outcome.session.accessToken));
        if ("failed" in outcome)
            return outcome.failed();
        if (session.id === own)
            end();
        return answer;
    };
    client.setConfig({ auth: () => PLACEHOLDER, fetch: fetchWithSession });
    return {
        signIn: ({ accessToken, refreshToken }) => exclusively(async () => {
            const session = { id: newId(), accessToken, refreshToken };
            if (!isSession(session))
                throw new TypeError("These are not the tokens of a session.");
            await store.write(session);
            begin(session.id);
        }),
        signOut: async () => {
            ended = true;
            const session = await exclusively(async () => {
                const kept = await stored();
                if (own !== undefined && kept?.id !== own)
                    return undefined;
                await store.clear();
                return kept;
            });
            if (!session)
                return true;
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
export function memoryStore() {
    let kept;
    return {
        read: () => kept,
        write: (session) => void (kept = session),
        clear: () => void (kept = undefined),
    };
}
export function webStore(storage, key = "trading-journal-session") {
    return {
        read: () => {
            try {
                return JSON.parse(storage.getItem(key) ?? "null") ?? undefined;
            }
            catch {
                return undefined;
            }
        },
        write: (session) => storage.setItem(key, JSON.stringify(session)),
        clear: () => storage.removeItem(key),
    };
}
function lockOf(name) {
    const locks = globalThis.navigator?.locks;
    if (locks) {
        return (work) => new Promise((resolve, reject) => {
            const held = async () => {
                await work().then(resolve, reject);
                await new Promise((done) => setTimeout(done, STORE_DELAY));
            };
            locks.request(name, held).catch(reject);
        });
    }
    let last = Promise.resolve();
    return (work) => {
        const done = last.then(work, work);
        last = done.catch(() => undefined);
        return done;
    };
}
function failureOf(error, response) {
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
function authorized(request, accessToken) {
    const headers = new Headers(request.headers);
    if (accessToken === undefined)
        headers.delete("Authorization");
    else
        headers.set("Authorization", `Bearer ${accessToken}`);
    return new Request(request, { headers, redirect: "error" });
}
const TOKEN = /^[\x21-\x7e]+$/;
function isSession(given) {
    const { id, accessToken, refreshToken } = Object(given);
    return [id, accessToken, refreshToken].every((each) => typeof each === "string" && TOKEN.test(each));
}
function addressOf(baseUrl) {
    return new URL(baseUrl, globalThis.location?.href).href.replace(/\/+$/, "");
}
function newId() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
