"""The shop's help articles: Markdown files, searched without any training."""
