"""What an experiment is told in: which pictures it gets, and what each of them shows."""
