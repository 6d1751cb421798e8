"""Problems: `base` declares what one is; `functions/`, `networks/` and `datasets/` hold one definition per file."""
