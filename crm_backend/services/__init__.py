"""The rules of the business: async functions (session, ...) -> values."""
