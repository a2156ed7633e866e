"""What `sam build` puts into the artifacts: to each function what it needs, and nothing that takes time or room."""
