"""What is kept, and where: DynamoDB and its neighbours. Knows the domain, and no HTTP."""
