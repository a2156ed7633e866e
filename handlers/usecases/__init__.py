"""What the product does with a user's data, whoever asks for it: a request, a queue, a stream or a schedule."""
