"""Makes the learn page's texts, figures and still pictures: `python -m tests.learn`."""
