<?php
// The core of the story, told by the PHP client that openapi-generator makes: figures of nothing, a trade recorded,
// closed in parts, listed and changed, trades in bulk, and what a bad field, a 401, a 409 and a 412 look like. Every answer
// is checked.
//
// Arguments: the API's address, e-mail address and password of an account without trades.

declare(strict_types=1);

use Journal\Api\AuthApi;
use Journal\Api\StatsApi;
use Journal\Api\TradesApi;
use Journal\ApiException;
use Journal\Configuration;
use Journal\Model\BulkTradeInput;
use Journal\Model\BulkTradesInput;
use Journal\Model\CloseInput;
use Journal\Model\FieldPlace;
use Journal\Model\GatewayMessage;
use Journal\Model\InitialCloseInput;
use Journal\Model\LogInInput;
use Journal\Model\Problem;
use Journal\Model\Side;
use Journal\Model\Trade;
use Journal\Model\TradeInput;
use Journal\Model\TradeStatus;
use Journal\Model\TradeUpdateInput;
use Journal\Model\Reason;
use Journal\ObjectSerializer;

require __DIR__ . '/autoload.php';

// As many digits as an amount may have: a float would give back 1.0E+15.
const EXACT = '999999999999999.12345678';

function main(string $api, string $email, string $password): void
{
    $configuration = (new Configuration())->setHost($api);
    log_in($configuration, $email, $password);
    read_figures_of_nothing($configuration);
    $trades = new TradesApi(config: $configuration);
    $trade = record_and_close($trades);
    list_trades($trades, $trade);
    change($trades, $trade);
    record_many($trades);
}

function log_in(Configuration $configuration, string $email, string $password): void
{
    $auth = new AuthApi(config: $configuration);
    $wrong = new LogInInput(['email' => $email, 'password' => 'Wrong-password-1!']);
    check(problem(401, fn () => $auth->logIn($wrong))->getType() === '/v1/problems/wrong-credentials', $wrong);

    $stranger = new TradesApi(config: (clone $configuration)->setAccessToken('forged'));
    $refused = refusal(401, fn () => $stranger->listTrades());
    $said = ObjectSerializer::deserialize($refused->getResponseBody(), GatewayMessage::class);
    check($said->getMessage() === 'Unauthorized', $said);

    $tokens = $auth->logIn(new LogInInput(['email' => $email, 'password' => $password]));
    $configuration->setAccessToken($tokens->getAccessToken());
}

function read_figures_of_nothing(Configuration $configuration): void
{
    $stats = (new StatsApi(config: $configuration))->getStats();
    check($stats->getTradeCount() === 0 && $stats->getWinRate() === null, $stats);
    check($stats->getReasons()['winRate'] === Reason::NO_TRADES, $stats);
}

function record_and_close(TradesApi $trades): Trade
{
    $input = new TradeInput([
        'symbol' => 'AAPL', 'side' => Side::BUY, 'quantity' => '1', 'entry_price' => EXACT, 'stop_loss' => EXACT,
        'open_date' => new DateTime('2026-01-05T09:31:04-05:00'), 'tags' => ['earnings'],
    ]);
    // The client refuses what breaks a pattern before it sends it; a bad day for a close it cannot know.
    $early = new InitialCloseInput([
        'quantity' => '1', 'price' => EXACT, 'closed_at' => new DateTime('2026-01-04T11:02:00-05:00'),
    ]);
    $bad = (clone $input)->setCloses([$early]);
    $fields = problem(422, fn () => $trades->createTrade($bad));
    check(count($fields->getErrors()) === 1 && $fields->getErrors()[0]->getIn() === FieldPlace::BODY, $fields);
    check($fields->getErrors()[0]->getPointer() === '/closes/0/closedAt', $fields);
    check($fields->getErrors()[0]->getCode() === 'BEFORE_OPEN_DATE', $fields);

    [$recorded, $status] = $trades->createTradeWithHttpInfo($input, 'php-1');
    check($status === 201 && $recorded->getEntryPrice() === EXACT && $recorded->getStopLoss() === EXACT, $recorded);
    [$again, , $headers] = $trades->createTradeWithHttpInfo($input, 'php-1');
    check(array_change_key_case($headers)['idempotent-replayed'] === ['true'] && $again == $recorded, $again);

    $id = $recorded->getTradeId();
    $part = new CloseInput([
        'quantity' => '0.4', 'price' => EXACT, 'closed_at' => new DateTime('2026-01-05T11:02:00-05:00'),
    ]);
    $closed = $trades->closeTrade($id, $part);
    check($closed->getStatus() === TradeStatus::PARTIAL && $closed->getRemainingQuantity() === '0.6', $closed);

    $refused = problem(409, fn () => $trades->closeTrade($id, $part->setQuantity('0.7')));
    check($refused->getType() === '/v1/problems/state-forbids', $refused);
    check($refused->getErrors()[0]->getPointer() === '/quantity', $refused);

    $rest = new CloseInput(['price' => EXACT, 'closed_at' => new DateTime('2026-01-05T15:00:00-05:00')]);
    $flat = $trades->closeTrade($id, $rest);
    check($flat->getStatus() === TradeStatus::CLOSED && $flat->getNetPnl() === '0', $flat);
    check($flat->getPartialCloses()[0]->getPrice() === EXACT, $flat);
    return $flat;
}

function list_trades(TradesApi $trades, Trade $trade): void
{
    $page = $trades->listTrades(
        symbol: 'AAPL', tag: ['earnings'], open_from: '2026-01-05', status: [TradeStatus::CLOSED],
    );
    $items = $page->getItems();
    check(count($items) === 1 && $items[0] == $trade && $items[0]->getExitPrice() === EXACT, $items);
}

function change(TradesApi $trades, Trade $trade): void
{
    $update = (new TradeUpdateInput())->setStopLoss(null)->setTakeProfit(EXACT);
    $changed = $trades->updateTrade($trade->getTradeId(), $update);
    check($changed->getStopLoss() === null && $changed->getTakeProfit() === EXACT, $changed);

    $overtaken = problem(412, fn () => $trades->updateTrade($trade->getTradeId(), $update, '"1"'));
    check($overtaken->getType() === '/v1/problems/version-mismatch', $overtaken);
}

function record_many(TradesApi $trades): void
{
    $large = new TradeInput([
        'symbol' => 'SHIB', 'side' => Side::SELL, 'quantity' => EXACT,
        'open_date' => new DateTime('2026-01-06T10:05:00-05:00'),
    ]);
    $item = new BulkTradeInput(['trade' => $large, 'idempotency_key' => 'php-2']);
    $result = $trades->createTrades(new BulkTradesInput(['items' => [$item]]))->getResults()[0];
    check($result->getStatus() === 201 && $result->getTrade()->getQuantity() === EXACT, $result);
    [, $status] = $trades->deleteTradeWithHttpInfo($result->getTrade()->getTradeId());
    check($status === 204, $status);
}

function problem(int $status, callable $call): Problem
{
    $problem = refusal($status, $call)->getResponseObject();
    check($problem instanceof Problem, $problem);
    return $problem;
}

function refusal(int $status, callable $call): ApiException
{
    try {
        $answer = $call();
    } catch (ApiException $refused) {
        check($refused->getCode() === $status, $refused->getMessage());
        return $refused;
    }
    throw new UnexpectedValueException("expected a $status: $answer");
}

function check(bool $right, mixed $answer): void
{
    if (!$right) {
        throw new UnexpectedValueException('not as expected: ' . print_r($answer, true));
    }
}

main($argv[1], $argv[2], $argv[3]);
