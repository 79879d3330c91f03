"""The legacy APIs of the sandbox: they take V1 tokens, and speak XML unless they are asked for JSON."""
