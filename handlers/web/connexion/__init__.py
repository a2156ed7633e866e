"""All that depends on Connexion: its imports, its application, its request validation."""
