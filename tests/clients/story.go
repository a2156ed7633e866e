// The core of the story, told by the Go client that openapi-generator makes: figures of nothing, a trade recorded,
// closed in parts, listed and changed, trades in bulk, and what a bad field, a 401, a 409 and a 412 look like. Every answer
// is checked.
//
// Arguments: the API's address, e-mail address and password of an account without trades.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"time"

	"story/journal"
)

// As many digits as an amount may have: a float64 would give back 1000000000000000.1.
const exact = "999999999999999.12345678"

func main() {
	log.SetFlags(log.Lshortfile)
	api, email, password := os.Args[1], os.Args[2], os.Args[3]
	configuration := journal.NewConfiguration()
	configuration.Servers = journal.ServerConfigurations{{URL: api}}
	client := journal.NewAPIClient(configuration)
	user := logIn(client, email, password)
	readFiguresOfNothing(client, user)
	trade := recordAndClose(client, user)
	list(client, user, trade)
	change(client, user, trade)
	recordMany(client, user)
}

func logIn(client *journal.APIClient, email string, password string) context.Context {
	public := context.Background()
	wrong := journal.NewLogInInput(email, "Wrong-password-1!")
	_, response, err := client.AuthAPI.LogIn(public).LogInInput(*wrong).Execute()
	check(problem(response, err, 401).Type == "/v1/problems/wrong-credentials", response)

	stranger := context.WithValue(public, journal.ContextAccessToken, "forged")
	_, response, err = client.TradesAPI.ListTrades(stranger).Execute()
	check(gatewayMessage(response, err, 401) == "Unauthorized", response)

	tokens, _, err := client.AuthAPI.LogIn(public).LogInInput(*journal.NewLogInInput(email, password)).Execute()
	must(err)
	return context.WithValue(public, journal.ContextAccessToken, tokens.AccessToken)
}

func readFiguresOfNothing(client *journal.APIClient, user context.Context) {
	stats, _, err := client.StatsAPI.GetStats(user).Execute()
	must(err)
	check(stats.TradeCount == 0 && stats.WinRate.Get() == nil, stats)
	check(stats.Reasons["winRate"] == journal.NO_TRADES, stats.Reasons)
}

func recordAndClose(client *journal.APIClient, user context.Context) journal.Trade {
	input := journal.NewTradeInput("AAPL", journal.BUY)
	input.SetQuantity("-1")
	input.SetOpenDate(at("2026-01-05T09:31:04-05:00"))
	input.SetEntryPrice("1e2")
	_, bad, err := client.TradesAPI.CreateTrade(user).TradeInput(*input).Execute()
	fields := problem(bad, err, 400)
	check(fields.Type == "/v1/problems/invalid-request" && len(fields.Errors) == 2, fields)
	rules := map[string]string{"/quantity": "NOT_POSITIVE", "/entryPrice": "NOT_A_DECIMAL"}
	for _, field := range fields.Errors {
		check(field.In == journal.BODY && string(field.Code) == rules[field.Pointer], field)
	}
	input.SetQuantity("1")
	input.SetEntryPrice(exact)
	input.SetStopLoss(exact)
	input.SetTags([]string{"earnings"})
	recorded, first, err := client.TradesAPI.CreateTrade(user).TradeInput(*input).IdempotencyKey("go-1").Execute()
	must(err)
	check(first.StatusCode == 201 && recorded.GetEntryPrice() == exact && recorded.GetStopLoss() == exact, recorded)
	again, second, err := client.TradesAPI.CreateTrade(user).TradeInput(*input).IdempotencyKey("go-1").Execute()
	must(err)
	check(again.TradeId == recorded.TradeId && second.Header.Get("Idempotent-Replayed") == "true", again)

	part := journal.NewCloseInput(exact, at("2026-01-05T11:02:00-05:00"))
	part.SetQuantity("0.4")
	closed, _, err := client.TradesAPI.CloseTrade(user, recorded.TradeId).CloseInput(*part).Execute()
	must(err)
	check(closed.Status == journal.PARTIAL && closed.RemainingQuantity == "0.6", closed)

	part.SetQuantity("0.7")
	_, response, err := client.TradesAPI.CloseTrade(user, recorded.TradeId).CloseInput(*part).Execute()
	refused := problem(response, err, 409)
	check(refused.Type == "/v1/problems/state-forbids" && refused.Errors[0].Pointer == "/quantity", refused)

	rest := journal.NewCloseInput(exact, at("2026-01-05T15:00:00-05:00"))
	flat, _, err := client.TradesAPI.CloseTrade(user, recorded.TradeId).CloseInput(*rest).Execute()
	must(err)
	check(flat.Status == journal.CLOSED && flat.GetNetPnl() == "0" && flat.PartialCloses[0].Price == exact, flat)
	return *flat
}

func list(client *journal.APIClient, user context.Context, trade journal.Trade) {
	request := client.TradesAPI.ListTrades(user).Symbol("AAPL").Tag([]string{"earnings"}).OpenFrom("2026-01-05")
	page, _, err := request.Status([]journal.TradeStatus{journal.CLOSED}).Execute()
	must(err)
	check(len(page.Items) == 1 && page.Items[0].TradeId == trade.TradeId, page)
	check(page.Items[0].GetExitPrice() == exact, page.Items[0])
}

func change(client *journal.APIClient, user context.Context, trade journal.Trade) {
	update := journal.NewTradeUpdateInput()
	update.SetStopLossNil()
	update.SetTakeProfit(exact)
	changed, _, err := client.TradesAPI.UpdateTrade(user, trade.TradeId).TradeUpdateInput(*update).Execute()
	must(err)
	check(!changed.HasStopLoss() && changed.GetTakeProfit() == exact, changed)

	overtaken := client.TradesAPI.UpdateTrade(user, trade.TradeId).TradeUpdateInput(*update).IfMatch(`"1"`)
	_, response, err := overtaken.Execute()
	check(problem(response, err, 412).Type == "/v1/problems/version-mismatch", response)
}

func recordMany(client *journal.APIClient, user context.Context) {
	large := journal.NewTradeInput("SHIB", journal.SELL)
	large.SetQuantity(exact)
	large.SetOpenDate(at("2026-01-06T10:05:00-05:00"))
	item := journal.NewBulkTradeInput(*large)
	item.SetIdempotencyKey("go-2")
	many := journal.NewBulkTradesInput([]journal.BulkTradeInput{*item})
	results, _, err := client.TradesAPI.CreateTrades(user).BulkTradesInput(*many).Execute()
	must(err)
	check(results.Results[0].Status == 201 && results.Results[0].Trade.Quantity == exact, results)
	response, err := client.TradesAPI.DeleteTrade(user, results.Results[0].Trade.TradeId).Execute()
	must(err)
	check(response.StatusCode == 204, response)
}

// The problem document of an answer that has to have this status.
func problem(response *http.Response, err error, status int) journal.Problem {
	var refused *journal.GenericOpenAPIError
	if !errors.As(err, &refused) || response.StatusCode != status {
		log.Fatalf("expected a %d: %v", status, err)
	}
	return refused.Model().(journal.Problem)
}

// What the gateway in front of the API says of a request that it refuses itself.
func gatewayMessage(response *http.Response, err error, status int) string {
	var refused *journal.GenericOpenAPIError
	if !errors.As(err, &refused) || response.StatusCode != status {
		log.Fatalf("expected a %d: %v", status, err)
	}
	var said journal.GatewayMessage
	must(json.Unmarshal(refused.Body(), &said))
	return said.Message
}

func at(text string) time.Time {
	read, err := time.Parse(time.RFC3339, text)
	must(err)
	return read
}

func must(err error) {
	if err != nil {
		log.Output(2, err.Error())
		var refused *journal.GenericOpenAPIError
		if errors.As(err, &refused) {
			log.Output(2, string(refused.Body()))
		}
		os.Exit(1)
	}
}

func check(right bool, answer any) {
	if !right {
		log.Output(2, "not as expected:")
		log.Fatalf("%+v", answer)
	}
}
