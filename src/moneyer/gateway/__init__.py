"""The guard in front of a bank's APIs: which calls get through, and what is proven about them."""
