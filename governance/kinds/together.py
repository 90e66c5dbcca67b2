"""Together. Source: its API reference; its list of models is a bare list."""

from governance.kinds.compatible import cloud

KIND = cloud("together", "Together", "https://api.together.xyz/v1", price_seller="together")
