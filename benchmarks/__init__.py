"""One script a claim. ``python -m benchmarks`` runs them all and says which budgets hold."""
