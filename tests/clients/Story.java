// The core of the story, told by the Java client that openapi-generator makes (library native): figures of nothing, a
// trade recorded, closed in parts, listed and changed, trades in bulk, and what a bad field, a 401, a 409 and a 412 look
// like. Every answer is checked.
//
// Arguments: the API's address, e-mail address and password of an account without trades.

import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import journal.ApiClient;
import journal.ApiException;
import journal.ApiResponse;
import journal.api.AuthApi;
import journal.api.StatsApi;
import journal.api.TradesApi;
import journal.api.TradesApi.APICloseTradeRequest;
import journal.api.TradesApi.APICreateTradeRequest;
import journal.api.TradesApi.APIDeleteTradeRequest;
import journal.api.TradesApi.APIListTradesRequest;
import journal.api.TradesApi.APIUpdateTradeRequest;
import journal.model.BulkResult;
import journal.model.BulkTradeInput;
import journal.model.BulkTradesInput;
import journal.model.CloseInput;
import journal.model.FieldPlace;
import journal.model.FieldProblem;
import journal.model.GatewayMessage;
import journal.model.LogInInput;
import journal.model.Problem;
import journal.model.Side;
import journal.model.Stats;
import journal.model.Trade;
import journal.model.TradeInput;
import journal.model.TradeStatus;
import journal.model.TradeUpdateInput;
import journal.model.Reason;

public final class Story {
    // As many digits as an amount may have: a double would give back 1.0E15.
    private static final String EXACT = "999999999999999.12345678";

    private final ApiClient client;

    private Story(String api) {
        client = new ApiClient();
        client.updateBaseUri(api);
    }

    public static void main(String[] arguments) throws Exception {
        Story story = new Story(arguments[0]);
        story.logIn(arguments[1], arguments[2]);
        story.readFiguresOfNothing();
        Trade trade = story.recordAndClose();
        story.list(trade);
        story.change(trade);
        story.recordMany();
    }

    // Clients take the interceptor that is set when they are made.
    private TradesApi trades() {
        return new TradesApi(client);
    }

    private void logIn(String email, String password) throws Exception {
        AuthApi auth = new AuthApi(client);
        LogInInput wrong = new LogInInput().email(email).password("Wrong-password-1!");
        check("/v1/problems/wrong-credentials".equals(problem(401, () -> auth.logIn(wrong)).getType()), wrong);

        send("forged");
        ApiException refused = refusal(401, () -> trades().listTrades(APIListTradesRequest.newBuilder().build()));
        GatewayMessage said = client.getObjectMapper().readValue(refused.getResponseBody(), GatewayMessage.class);
        check("Unauthorized".equals(said.getMessage()), said);

        send(auth.logIn(new LogInInput().email(email).password(password)).getAccessToken());
    }

    private void send(String token) {
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token));
    }

    private void readFiguresOfNothing() throws Exception {
        Stats stats = new StatsApi(client).getStats(StatsApi.APIGetStatsRequest.newBuilder().build());
        check(stats.getTradeCount() == 0 && stats.getWinRate() == null, stats);
        check(stats.getReasons().get("winRate") == Reason.NO_TRADES, stats);
    }

    private Trade recordAndClose() throws Exception {
        TradeInput input = new TradeInput().symbol("AAPL").side(Side.BUY).quantity("-1")
            .openDate(at("2026-01-05T09:31:04-05:00")).entryPrice("1e2").stopLoss(EXACT).tags(List.of("earnings"));
        APICreateTradeRequest bad = APICreateTradeRequest.newBuilder().tradeInput(input).build();
        Problem fields = problem(400, () -> trades().createTrade(bad));
        check("/v1/problems/invalid-request".equals(fields.getType()) && fields.getErrors().size() == 2, fields);
        Map<String, String> rules = Map.of("/quantity", "NOT_POSITIVE", "/entryPrice", "NOT_A_DECIMAL");
        for (FieldProblem field : fields.getErrors()) {
            check(field.getIn() == FieldPlace.BODY, field);
            check(rules.get(field.getPointer()).equals(field.getCode().toString()), field);
        }
        input.quantity("1").entryPrice(EXACT);
        APICreateTradeRequest once = APICreateTradeRequest.newBuilder()
            .tradeInput(input).idempotencyKey("java-1").build();
        ApiResponse<Trade> first = trades().createTradeWithHttpInfo(once);
        Trade recorded = first.getData();
        check(first.getStatusCode() == 201 && EXACT.equals(recorded.getEntryPrice()), recorded);
        check(EXACT.equals(recorded.getStopLoss()), recorded);
        ApiResponse<Trade> again = trades().createTradeWithHttpInfo(once);
        check(again.getHeaders().get("Idempotent-Replayed").equals(List.of("true")), again.getHeaders());
        check(again.getData().equals(recorded), again.getData());

        CloseInput part = new CloseInput().quantity("0.4").price(EXACT).closedAt(at("2026-01-05T11:02:00-05:00"));
        Trade closed = close(recorded, part);
        check(closed.getStatus() == TradeStatus.PARTIAL && "0.6".equals(closed.getRemainingQuantity()), closed);

        Problem refused = problem(409, () -> close(recorded, part.quantity("0.7")));
        check("/v1/problems/state-forbids".equals(refused.getType()), refused);
        check("/quantity".equals(refused.getErrors().get(0).getPointer()), refused);

        Trade flat = close(recorded, new CloseInput().price(EXACT).closedAt(at("2026-01-05T15:00:00-05:00")));
        check(flat.getStatus() == TradeStatus.CLOSED && "0".equals(flat.getNetPnl()), flat);
        check(EXACT.equals(flat.getPartialCloses().get(0).getPrice()), flat);
        return flat;
    }

    private Trade close(Trade trade, CloseInput input) throws ApiException {
        return trades().closeTrade(
            APICloseTradeRequest.newBuilder().tradeId(trade.getTradeId()).closeInput(input).build());
    }

    private void list(Trade trade) throws Exception {
        List<Trade> items = trades().listTrades(APIListTradesRequest.newBuilder().symbol("AAPL")
            .tag(List.of("earnings")).openFrom("2026-01-05").status(List.of(TradeStatus.CLOSED)).build()).getItems();
        check(items.size() == 1 && items.get(0).equals(trade), items);
        check(EXACT.equals(items.get(0).getExitPrice()), items);
    }

    private void change(Trade trade) throws Exception {
        TradeUpdateInput update = new TradeUpdateInput().takeProfit(EXACT);
        Trade changed = trades().updateTrade(
            APIUpdateTradeRequest.newBuilder().tradeId(trade.getTradeId()).tradeUpdateInput(update).build());
        check(EXACT.equals(changed.getTakeProfit()) && EXACT.equals(changed.getStopLoss()), changed);

        APIUpdateTradeRequest overtaken = APIUpdateTradeRequest.newBuilder()
            .tradeId(trade.getTradeId()).tradeUpdateInput(update).ifMatch("\"1\"").build();
        Problem stale = problem(412, () -> trades().updateTrade(overtaken));
        check("/v1/problems/version-mismatch".equals(stale.getType()), stale);
    }

    private void recordMany() throws Exception {
        TradeInput large = new TradeInput().symbol("SHIB").side(Side.SELL).quantity(EXACT)
            .openDate(at("2026-01-06T10:05:00-05:00"));
        BulkTradeInput item = new BulkTradeInput().trade(large).idempotencyKey("java-2");
        BulkTradesInput many = new BulkTradesInput().addItemsItem(item);
        BulkResult result = trades().createTrades(many).getResults().get(0);
        check(result.getStatus() == 201 && EXACT.equals(result.getTrade().getQuantity()), result);
        APIDeleteTradeRequest deleted = APIDeleteTradeRequest.newBuilder()
            .tradeId(result.getTrade().getTradeId()).build();
        check(trades().deleteTradeWithHttpInfo(deleted).getStatusCode() == 204, deleted);
    }

    private Problem problem(int status, Callable<?> call) throws Exception {
        return client.getObjectMapper().readValue(refusal(status, call).getResponseBody(), Problem.class);
    }

    private static ApiException refusal(int status, Callable<?> call) throws Exception {
        try {
            throw new AssertionError("expected a " + status + ": " + call.call());
        } catch (ApiException refused) {
            check(refused.getCode() == status, refused.getMessage());
            return refused;
        }
    }

    private static OffsetDateTime at(String text) {
        return OffsetDateTime.parse(text);
    }

    private static void check(boolean right, Object answer) {
        if (!right) {
            throw new AssertionError("not as expected: " + answer);
        }
    }
}
