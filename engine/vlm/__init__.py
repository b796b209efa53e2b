"""Vision-language models: a page and a question in, checked values and the way it ended out."""
