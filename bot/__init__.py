"""The Rasa runtime of Deskmate: components, channel, stores and launcher."""
