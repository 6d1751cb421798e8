"""From a rule and a case to trajectories: records, step graphs, random numbers, runners and executors."""
