// The published client, set up once: where the API is, whose session it is, and what a refusal is.

import { client } from "trading-journal-client/client";
import { createSession, webStore } from "trading-journal-client/session";

// Where the API is; `make run` also tells the demo login.
export const config = await (await fetch("config.json")).json();
client.setConfig({ baseUrl: config.api });

// The client sends the access token, refreshes the session when that has expired, and repeats the request. The tokens
// last as long as the tab: only this page's own scripts can run here (Content-Security-Policy), so only they read them.
let signedOut = () => {};
export const session = createSession(client, {
  store: webStore(sessionStorage),
  onSignedOut: () => signedOut("Your session has ended. Please log in again."),
});
export const onSignedOut = (listener) => { signedOut = listener; };

export async function endSession(reason) {
  written.length = 0;
  await session.signOut();
  signedOut(reason);
}

// What the API refused: a problem document (RFC 9457), or what the gateway in front of it said.
export class Refused extends Error {
  constructor(problem, response) {
    super(response ? problem?.detail ?? problem?.title ?? problem?.message ?? "" : "The server could not be reached.");
    this.status = response?.status;
    this.fields = problem?.errors ?? [];
    if (this.fields.length) this.message = "Please correct what is marked.";
    if (this.status >= 500 && problem?.requestId) this.message += ` Quote ${problem.requestId} when you report it.`;
  }
}

// Calls an operation of the client; its data and response, or a Refused.
export async function call(operation, options = {}) {
  const { data, error, response } = await operation(options);
  if (!response?.ok) throw new Refused(error, response);
  return { data, response };
}

// Statistics and lists by close follow a change a moment later. Asked to include what was just written, they count it as
// it is now: at most ten trades, each with its newest version.
const written = [];
export function wrote({ tradeId, version }) {
  const same = written.findIndex((each) => each.startsWith(`${tradeId}@`));
  if (same >= 0) written.splice(same, 1);
  written.push(`${tradeId}@${version}`);
  if (written.length > 10) written.shift();
}
export const justWritten = () => (written.length ? [...written] : undefined);
