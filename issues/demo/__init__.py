"""The demo: a believable month of a small satellite and drone test team, with evidence that says what the texts say."""
