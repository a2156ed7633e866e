"""Everything that depends on Connexion: its imports, its application and its request validation."""
