"""Run trained models. Nothing here imports training code."""
