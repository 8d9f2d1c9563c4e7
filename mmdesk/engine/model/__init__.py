"""The network: nn.Module only."""
