"""The commands, by subject, as Typer sees them: arguments and options, and what a command hands them to.

They are light. What does the work is imported when a command is called.
"""
