"""The pages: shop, console, sales, outbox, and the chat widget."""
