// The whole story, told by the TypeScript client: from sign-up to erasure. Every answer is checked.
// Takes the API's address and an e-mail address; asks for each mailed code on standard output, reads it from standard input.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { createInterface } from "node:readline/promises";
import { setTimeout as wait } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import {
  addEntry, changeEmail, changePassword, closeTrade, confirmChangeEmail, confirmSignUp, convertTrade, createAction,
  createCash, createEvent, createExecution, createExport, createImageUpload, createSplit, createTrade, createTrades,
  createTradingAccount, deleteAccount, deleteAction, deleteEntry, deleteEvent, deleteExecution, deleteGroup,
  deleteSplit, deleteTag, deleteTrade, deleteTradingAccount, exportAccount, getAction, getBalance, getBreakdown,
  getCalendar, getClose, getEntry, getEquityCurve, getEvent, getExport, getFacets, getGroup, getLegs, getProfile,
  getSplit, getStats, getTagChange, getTrade, listActions, listCash, listDeletedTrades, listEvents, listExecutions,
  listGroups, listPositions, listSplits, listTrades, logIn, logOut, matchExecutions, putGroup, reconcile,
  refreshSession, renameTag, restoreTrade, signUp, updateClose, updateEntry, updateEvent, updateTrade, updateTrades,
  type GatewayMessage, type Image, type Problem, type TagChange, type Trade, type TradeInput,
} from "trading-journal-client";
import { client } from "trading-journal-client/client";

const [api, email] = process.argv.slice(2) as [string, string];
const password = "Breakout-2026!";
const nextPassword = "Pullback-2026!";
const exact = "999999999999999.12345678"; // as many digits as an amount may have; a number has fewer
const png = Buffer.from(
  "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55" +
  "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082", "hex");

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function mailedCode(address: string): Promise<string> {
  console.log(address);
  const { value, done } = await answers.next();
  ok(!done, "no code came");
  return value.trim();
}

function problem(error: Problem | GatewayMessage | undefined): Problem {
  ok(error && "type" in error, JSON.stringify(error));
  return error;
}

async function until<Answer>(ask: () => Promise<Answer>, enough: (answer: Answer) => boolean): Promise<Answer> {
  for (let tries = 0; tries < 100; tries++) {
    const answer = await ask();
    if (enough(answer)) return answer;
    await wait(200);
  }
  throw new Error("it did not come about");
}

async function enter(): Promise<void> {
  client.setConfig({ baseUrl: api });
  await signUp({ body: { email }, throwOnError: true });
  strictEqual(problem((await logIn({ body: { email, password } })).error).type, "/v1/problems/wrong-credentials");
  await confirmSignUp({ body: { email, code: await mailedCode(email), password }, throwOnError: true });
  const session = await logIn({ body: { email, password }, throwOnError: true });
  const refreshed = await refreshSession({ body: { refreshToken: session.data.refreshToken }, throwOnError: true });
  client.setConfig({ auth: "forged" });
  const { error } = await listTrades();
  ok(error && "message" in error);
  client.setConfig({ auth: refreshed.data.accessToken });
  await changeProfile(refreshed.data.refreshToken);
}

// Another password and another address, each of which needs the present password, and one session less.
async function changeProfile(refreshToken: string): Promise<void> {
  const { data: profile } = await getProfile({ throwOnError: true });
  deepStrictEqual([profile.email, profile.signInMethods], [email, ["PASSWORD"]]);
  const guess = await changePassword({ body: { currentPassword: "Wrong-password-1!", newPassword: nextPassword } });
  strictEqual(problem(guess.error).status, 422);
  await changePassword({ body: { currentPassword: password, newPassword: nextPassword }, throwOnError: true });
  strictEqual(problem((await refreshSession({ body: { refreshToken } })).error).type, "/v1/problems/session-expired");

  const session = await logIn({ body: { email, password: nextPassword }, throwOnError: true });
  const other = await logIn({ body: { email, password: nextPassword }, throwOnError: true });
  client.setConfig({ auth: session.data.accessToken });
  const nextEmail = `next-${email}`;
  await changeEmail({ body: { email: nextEmail, password: nextPassword }, throwOnError: true });
  await confirmChangeEmail({ body: { code: await mailedCode(nextEmail) }, throwOnError: true });
  strictEqual((await getProfile({ throwOnError: true })).data.email, nextEmail);
  await logIn({ body: { email: nextEmail, password: nextPassword }, throwOnError: true });
  await logOut({ body: { refreshToken: other.data.refreshToken }, throwOnError: true });
  strictEqual(problem((await refreshSession({ body: { refreshToken: other.data.refreshToken } })).error).status, 401);
}

async function recordAndClose(): Promise<Trade> {
  const body: TradeInput = {
    symbol: "AAPL", side: "BUY", quantity: "100", openDate: "2026-01-05T09:31:04-05:00", entryPrice: "185.25",
    stopLoss: "183.25", takeProfit: "191.25", commission: "1", fees: "0.1", tags: ["earnings"],
  };
  const bad = problem((await createTrade({ body: { ...body, quantity: "-1", entryPrice: "1e2" } })).error);
  deepStrictEqual([bad.status, bad.type], [400, "/v1/problems/invalid-request"]);
  const rules = bad.errors?.map((field) => `${field.in} ${field.pointer} ${field.code}`).sort();
  deepStrictEqual(rules, ["body /entryPrice NOT_A_DECIMAL", "body /quantity NOT_POSITIVE"]);
  const once = { body, headers: { "Idempotency-Key": "story-1" } };
  const { data: trade } = await createTrade({ ...once, throwOnError: true });
  const again = await createTrade({ ...once, throwOnError: true });
  deepStrictEqual(again.data, trade);
  strictEqual(again.response.headers.get("Idempotent-Replayed"), "true");
  const path = { tradeId: trade.tradeId };

  const half = { quantity: "50", price: "187.25", closedAt: "2026-01-05T11:02:00-05:00", commission: "0.5" };
  const { data: part } = await closeTrade({ path, body: half, throwOnError: true });
  deepStrictEqual([part.status, part.realizedPartialPnl, part.remainingQuantity], ["PARTIAL", "98.95", "50"]);
  const tooMuch = await closeTrade({ path, body: { ...half, quantity: "60" } });
  strictEqual(problem(tooMuch.error).status, 409);

  const changes = { stopLoss: "185.25", takeProfit: null };
  const overtaken = await updateTrade({ path, body: changes, headers: { "If-Match": '"1"' } });
  strictEqual(problem(overtaken.error).status, 412);
  const headers = { "If-Match": `"${part.version}"` };
  const { data: moved } = await updateTrade({ path, body: changes, headers, throwOnError: true });
  deepStrictEqual([moved.stopLoss, moved.takeProfit], ["185.25", undefined]);
  const rest = { price: "184.05", closedAt: "2026-01-05T15:00:00-05:00" };
  const { data: flat } = await closeTrade({ path, body: rest, throwOnError: true });
  deepStrictEqual([flat.status, flat.netPnl], ["CLOSED", "38.4"]);
  const page = await listTrades({ query: { symbol: "AAPL", tag: ["earnings"] }, throwOnError: true });
  deepStrictEqual(page.data.items.map((each) => each.tradeId), [trade.tradeId]);

  const many = { items: [{ trade: aTrade(exact), idempotencyKey: "story-3" }] };
  const recorded = (await createTrades({ body: many, throwOnError: true })).data.results[0];
  ok(recorded?.status === 201 && recorded.trade);
  strictEqual(recorded.trade.quantity, exact);
  const gone = { tradeId: recorded.trade.tradeId };
  await deleteTrade({ path: gone, throwOnError: true });
  const { data: deleted } = await listDeletedTrades({ throwOnError: true });
  strictEqual(deleted.items[0]?.trade.tradeId, gone.tradeId);
  const { data: restored } = await restoreTrade({ path: gone, throwOnError: true });
  deepStrictEqual([restored.quantity, restored.version], [exact, 2]);
  await deleteTrade({ path: gone, throwOnError: true });
  await importAgain();
  await scaleIn();
  return pay(flat);
}

async function finishedChange(): Promise<TagChange> {
  for (;;) {
    const { data: change } = await getTagChange({ throwOnError: true });
    if (change.status === "DONE") return change;
    await wait(200);
  }
}

// A broker's file that is imported again, once its trade was closed.
// A position that is added to after a part was sold, and what was mistyped.
async function scaleIn(): Promise<void> {
  const body = { ...aTrade("1"), entryPrice: "100", stopLoss: "95" };
  const { data: trade } = await createTrade({ body, throwOnError: true });
  const { tradeId } = trade;
  const path = { tradeId };
  const sold = { quantity: "0.5", price: "120", closedAt: "2026-01-07T10:00:00-05:00" };
  await closeTrade({ path, body: sold, throwOnError: true });
  strictEqual(problem((await updateTrade({ path, body: { quantity: "1.5" } })).error).status, 409);
  const more = { quantity: "0.5", price: "130", enteredAt: "2026-01-08T10:00:00-05:00" };
  const headers = { "Idempotency-Key": "story-5" };
  const { data: added } = await addEntry({ path, body: more, headers, throwOnError: true });
  deepStrictEqual([added.quantity, added.entryPrice, added.realizedPartialPnl], ["1.5", "110", "-10"]);
  const [only, entry] = added.entries;
  const [close] = added.partialCloses;
  ok(only && entry && close);
  const ofEntry = { tradeId, entryId: entry.entryId };
  const ofClose = { tradeId, closeId: close.closeId };
  deepStrictEqual((await getEntry({ path: ofEntry, throwOnError: true })).data, entry);
  deepStrictEqual((await getClose({ path: ofClose, throwOnError: true })).data, close);
  const { data: mended } = await updateClose({ path: ofClose, body: { price: "90" }, throwOnError: true });
  strictEqual(mended.realizedPartialPnl, "5");
  const ofOnly = { tradeId, entryId: only.entryId };
  const { data: cheaper } = await updateEntry({ path: ofOnly, body: { price: "99.5" }, throwOnError: true });
  strictEqual(cheaper.realizedPartialPnl, "4.75");
  const { data: back } = await deleteEntry({ path: ofEntry, throwOnError: true });
  deepStrictEqual([back.quantity, back.entries[0]?.entryId, back.initialStopLoss], ["1", only.entryId, "95"]);
  await deleteTrade({ path, throwOnError: true });
}

async function importAgain(): Promise<void> {
  const body: TradeInput = { ...aTrade("2"), entryPrice: "410", externalId: "broker-1" };
  const { data: first } = await createTrade({ body, throwOnError: true });
  const refused = problem((await createTrade({ body })).error);
  deepStrictEqual([refused.type, refused.tradeId], ["/v1/problems/external-id-taken", first.tradeId]);
  const closes = [{ quantity: "2", price: "405", closedAt: "2026-01-06T15:00:00-05:00" }];
  const { data: closed } = await createTrade({ body: { ...body, closes }, query: { onExisting: "COMPLETE" }, throwOnError: true });
  deepStrictEqual([closed.tradeId, closed.status, closed.version], [first.tradeId, "CLOSED", 2]);
  const changes = { tags: ["imported ", "imported"] };
  const many = { items: [{ tradeId: first.tradeId, version: closed.version, changes }] };
  const corrected = (await updateTrades({ body: many, throwOnError: true })).data.results[0];
  deepStrictEqual([corrected?.status, corrected?.trade?.tags], [200, ["imported"]]);
  await renameTag({ path: { tag: "imported" }, body: { name: "a/b" }, throwOnError: true });
  strictEqual((await finishedChange()).tradesChanged, 1);
  // Facets of closed trades follow a moment later, as the statistics do.
  await until(
    async () => (await getFacets({ throwOnError: true })).data.tags,
    (tags) => tags.some((facet) => facet.value === "a/b"),
  );
  await deleteTag({ path: { tag: "a/b" }, throwOnError: true });
  strictEqual((await finishedChange()).tag, "a/b");
  await deleteTrade({ path: { tradeId: first.tradeId }, throwOnError: true });
}

// A dividend after the last close, which turns out to belong to another trade.
async function pay(flat: Trade): Promise<Trade> {
  const { tradeId } = flat;
  const body = { type: "DIVIDEND", amount: "24", at: "2026-01-09T09:00:00-05:00" } as const;
  const headers = { "Idempotency-Key": "story-4" };
  const { data: paid } = await createEvent({ path: { tradeId }, body, headers, throwOnError: true });
  deepStrictEqual([paid.netPnl, paid.eventPnl], ["62.4", "24"]);
  const [event] = (await listEvents({ path: { tradeId }, throwOnError: true })).data.items;
  ok(event);
  const path = { tradeId, eventId: event.eventId };
  deepStrictEqual((await getEvent({ path, throwOnError: true })).data, event);
  const change = { amount: `-${exact}`, note: "of another trade" };
  const { data: corrected } = await updateEvent({ path, body: change, throwOnError: true });
  strictEqual(corrected.events?.[0]?.amount, change.amount);
  const { data: back } = await deleteEvent({ path, throwOnError: true });
  deepStrictEqual([back.netPnl, back.events], [flat.netPnl, undefined]);
  return split(back);
}

// A split that was recorded late, and is taken back.
async function split({ tradeId, netPnl, quantity, entryPrice }: Trade): Promise<Trade> {
  const body = { new: "4", old: "1", at: "2026-01-06T09:30:00-05:00" };
  const headers = { "Idempotency-Key": "story-6" };
  const { data: changed } = await createSplit({ path: { tradeId }, body, headers, throwOnError: true });
  deepStrictEqual([changed.netPnl, changed.quantity], [netPnl, `${4 * Number(quantity)}`]);
  const [made] = (await listSplits({ path: { tradeId }, throwOnError: true })).data.items;
  ok(made);
  const path = { tradeId, splitId: made.splitId };
  deepStrictEqual((await getSplit({ path, throwOnError: true })).data, made);
  const { data: back } = await deleteSplit({ path, throwOnError: true });
  deepStrictEqual([back.quantity, back.entryPrice], [quantity, entryPrice]);
  return group(back);
}

// A group with the trade, which counts as one result, and is given up again.
async function group({ tradeId, netPnl }: Trade): Promise<Trade> {
  const path = { groupId: crypto.randomUUID() };
  const body = { name: "spread", strategy: "calendar", tradeIds: [tradeId] };
  const { data: made, response } = await putGroup({ path, body, throwOnError: true });
  deepStrictEqual([response.status, made.netPnl, made.tradeIds], [201, netPnl, [tradeId]]);
  deepStrictEqual((await getGroup({ path, throwOnError: true })).data, made);
  deepStrictEqual((await listGroups({ throwOnError: true })).data.items, [made]);
  strictEqual((await getTrade({ path: { tradeId }, throwOnError: true })).data.groupId, path.groupId);
  const headers = { "If-Match": response.headers.get("ETag") ?? "" };
  strictEqual((await deleteGroup({ path, headers })).response?.status, 204);
  await match();
  return (await getTrade({ path: { tradeId }, throwOnError: true })).data;
}

// Two fills, of which the second flips the position, are settled without being stored.
async function match(): Promise<void> {
  const fill = { symbol: "AAPL", commission: "1" };
  const executions = [
    { ...fill, side: "BUY" as const, quantity: "100", price: "10", executedAt: "2026-01-05T15:00:00Z" },
    { ...fill, side: "SELL" as const, quantity: "150", price: "11", executedAt: "2026-01-05T16:00:00Z" },
  ];
  const { data } = await matchExecutions({ body: { executions }, throwOnError: true });
  deepStrictEqual(data.trades.map(({ side, netPnl }) => [side, netPnl]), [["BUY", "98.33333333"], ["SELL", "0"]]);
  deepStrictEqual(data.open.map(({ side, quantity }) => [side, quantity]), [["SELL", "50"]]);
  await keepLedger();
}

async function keepLedger(): Promise<void> {
  // Shares are bought and split; the split is taken back, and the execution with it.
  const bought = { symbol: "SPLT", side: "BUY" as const, quantity: "10", price: "400", executedAt: "2026-01-05T15:00:00Z" };
  const { data: made } = await createExecution({
    body: bought, headers: { "Idempotency-Key": "story-7" }, throwOnError: true,
  });
  const body = { type: "SPLIT" as const, symbol: "SPLT", effectiveAt: "2026-01-06T14:30:00Z", new: "4", old: "1" };
  const { data: split } = await createAction({ body, headers: { "Idempotency-Key": "story-8" }, throwOnError: true });
  deepStrictEqual((await listActions({ throwOnError: true })).data.items, [split]);
  const path = { actionId: split.actionId };
  deepStrictEqual((await getAction({ path, throwOnError: true })).data, split);
  const [position] = (await listPositions({ throwOnError: true })).data.items;
  deepStrictEqual([position?.quantity, position?.averagePrice], ["40", "100"]);
  const query = { at: "2026-01-05", include: ["lots" as const] };
  const [before] = (await listPositions({ query, throwOnError: true })).data.items;
  deepStrictEqual([before?.quantity, before?.asOf], ["10", "2026-01-05T23:59:59.999999Z"]);
  const [trade] = made.trades;
  ok(trade);
  const { data: legs } = await getLegs({ path: { tradeId: trade.tradeId }, throwOnError: true });
  deepStrictEqual([legs.entries.map(({ quantity }) => quantity), legs.matches], [["10"], []]);
  strictEqual((await deleteAction({ path, throwOnError: true })).response.status, 204);
  const spinOff = {
    type: "SPINOFF" as const, symbol: "SPLT", newSymbol: "KID", effectiveAt: "2026-01-06T14:30:00Z", new: "1", old: "4", costShare: "0.2",
  };
  const { data: { actionId } } = await createAction({ body: spinOff, throwOnError: true });
  const { data: { items: held } } = await listPositions({ throwOnError: true });
  deepStrictEqual(held.map(({ symbol, costBasis }) => [symbol, costBasis]), [["KID", "800"], ["SPLT", "3200"]]);
  strictEqual((await deleteAction({ path: { actionId }, throwOnError: true })).response.status, 204);
  const { executionId } = made.execution;
  strictEqual((await deleteExecution({ path: { executionId }, throwOnError: true })).response.status, 204);
  await convert();
}

// A trade that was recorded by hand becomes an execution, and goes with it.
async function convert(): Promise<void> {
  const byHand = { symbol: "HAND", side: "BUY" as const, quantity: "2", entryPrice: "10", openDate: "2026-01-05T15:00:00Z" };
  const { data: { tradeId } } = await createTrade({ body: byHand, throwOnError: true });
  const { data: trade } = await convertTrade({ path: { tradeId }, throwOnError: true });
  deepStrictEqual([trade.tradeId, trade.source, trade.entryPrice], [tradeId, "LEDGER", "10"]);
  const { data: { items: [only] } } = await listExecutions({ query: { tradeId }, throwOnError: true });
  ok(only);
  const path = { executionId: only.executionId };
  strictEqual((await deleteExecution({ path, throwOnError: true })).response.status, 204);
  await keepAccounts();
}

// Money is paid into an account and moved to another one; a statement says something else; the account is deleted with it.
async function keepAccounts(): Promise<void> {
  const made = async (name: string) =>
    (await createTradingAccount({ body: { name, currency: "USD" }, throwOnError: true })).data.accountId;
  const accountId = await made("Broker"), other = await made("Savings");
  const at = "2026-01-05T15:00:00Z";
  const path = { accountId };
  await createCash({
    path, body: { type: "DEPOSIT", amount: exact, at }, headers: { "Idempotency-Key": "story-cash" }, throwOnError: true,
  });
  const counter = { amount: "100", currency: "USD", accountId: other };
  const { data: moved } = await createCash({ path, body: { type: "TRANSFER", amount: "-100", at, counter }, throwOnError: true });
  const { data: { items } } = await listCash({ path: { accountId: other }, throwOnError: true });
  deepStrictEqual(items.map(({ cashId, amount }) => [cashId, amount]), [[moved.counter?.cashId, "100"]]);
  const { data: { balance } } = await getBalance({ path, throwOnError: true });
  strictEqual(balance, "999999999999899.12345678");
  const { data: compared } = await reconcile({ path, body: { statementBalance: exact, at: "2026-01-06T00:00:00Z" }, throwOnError: true });
  deepStrictEqual([compared.computed, compared.difference], [balance, "100"]);
  for (const gone of [accountId, other]) {
    const deletion = await deleteTradingAccount({ path: { accountId: gone }, query: { with: "everything" }, throwOnError: true });
    strictEqual(deletion.response.status, 202);
  }
}

function aTrade(quantity: string): TradeInput {
  return { symbol: "MSFT", side: "SELL", quantity, openDate: "2026-01-06T10:05:00-05:00" };
}

async function attach({ tradeId }: Trade): Promise<void> {
  // The bytes decide what a file is, not what it is called.
  const chart = await send(tradeId, png);
  deepStrictEqual([chart.status, chart.contentType], ["READY", "image/png"]);
  const text = await send(tradeId, Buffer.from("no picture"));
  deepStrictEqual([text.status, text.reasonCode], ["REJECTED", "UNKNOWN_TYPE"]);
}

async function send(tradeId: string, file: Buffer<ArrayBuffer>): Promise<Image> {
  const { data: upload } = await createImageUpload({
    path: { tradeId }, body: { contentType: "image/jpeg", size: file.length }, throwOnError: true,
  });
  const form = new FormData();
  for (const [name, value] of Object.entries(upload.fields)) form.append(name, value);
  form.append("file", new Blob([file]), "chart.jpg");
  const sent = await fetch(upload.url, { method: "POST", body: form });
  ok(sent.ok, await sent.text());
  const shown = await until(
    async () => (await getTrade({ path: { tradeId }, throwOnError: true })).data.images
      ?.find((image) => image.imageId === upload.imageId),
    (image) => image !== undefined && image.status !== "PENDING",
  );
  ok(shown);
  return shown;
}

async function readFigures(): Promise<void> {
  const stats = await until(async () => (await getStats({ throwOnError: true })).data, (each) => each.tradeCount > 0);
  deepStrictEqual([stats.tradeCount, stats.netPnl, stats.profitFactor], [1, "38.4", null]);
  strictEqual(stats.reasons.profitFactor, "NO_LOSSES");
  const curve = await getEquityCurve({ query: { openingBalance: "10000" }, throwOnError: true });
  deepStrictEqual(curve.data.points.map((point) => point.equity), ["10038.4"]);
  const month = await getCalendar({ query: { month: "2026-01" }, throwOnError: true });
  strictEqual(month.data.total.netPnl, "38.4");
  const tags = await getBreakdown({ query: { by: ["TAG", "SIDE"], timeZone: "America/New_York" }, throwOnError: true });
  deepStrictEqual(
    tags.data.buckets.map((bucket) => [...bucket.keys.map((key) => key.value), bucket.netPnl]),
    [["earnings", "BUY", "38.4"]],
  );
}

async function leave(): Promise<void> {
  let { data: table } = await createExport({ body: { format: "CSV", closeFrom: "2026-01-01" }, throwOnError: true });
  while (table.status === "WRITING") { // a long journal
    await wait(10_000);
    ({ data: table } = await getExport({ path: { exportId: table.exportId }, throwOnError: true }));
  }
  const rows = (await (await fetch(table.url ?? "")).text()).split("\r\n");
  ok(rows[1]?.includes('"CLOSE","AAPL","BUY"'));
  let { data: account } = await exportAccount({ throwOnError: true });
  while (account.status === "WRITING") { // an account of very many trades
    await wait(10_000);
    ({ data: account } = await exportAccount({ throwOnError: true }));
  }
  const file = JSON.parse(gunzipSync(await (await fetch(account.url ?? "")).arrayBuffer()).toString());
  strictEqual(file.trades.length, 1);
  strictEqual((await deleteAccount({ throwOnError: true })).data.status, "ERASING");
  const late = await createTrade({ body: aTrade("1") });
  strictEqual(problem(late.error).type, "/v1/problems/account-erased");
}

await enter();
await attach(await recordAndClose());
await readFigures();
await leave();
process.stdin.destroy();
