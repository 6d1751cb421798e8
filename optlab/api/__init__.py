"""The public functions, and the bridge to torch: what `import optlab` offers is defined here."""
