"""Our networks beside PyTorch's."""
