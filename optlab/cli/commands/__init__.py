"""The commands, grouped by subject, as Typer gets them: arguments, options, and the call that does the work.

These modules import fast. The module that does the work is imported when a command is called.
"""
