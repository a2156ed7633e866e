"""The API as HTTP: Connexion held to the letter of the contract, problem documents, the contract's documents."""
