"""Problems: `base` defines the interface; `functions/` and `networks/` hold one definition per file."""
