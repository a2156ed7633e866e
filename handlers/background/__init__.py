"""What happens behind the answers: what queues, streams and schedules call, and work too long for a request."""
