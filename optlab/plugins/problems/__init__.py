"""Problems: `base` defines the interface; `functions/`, `networks/` and `datasets/` hold one definition per file."""
