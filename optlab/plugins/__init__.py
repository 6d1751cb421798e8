"""What authors write against, the registry, and the built-in plugins, one file each."""
